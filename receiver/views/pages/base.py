"""What the pages have in common: their blueprint, and asking before something is lost."""

from __future__ import annotations

from flask import Blueprint, render_template, request

blueprint = Blueprint("pages", __name__)


def is_confirmed() -> bool:
    """Return whether the person has said yes; with scripts a dialog asks, without them `confirm` does."""
    return request.form.get("confirmed") == "1"


def confirm(title: str, text: str, label: str, cancel: str) -> str:
    """Return the page that asks what the dialog would ask."""
    return render_template(
        "ui/confirm.html", title=title, text=text, confirm_label=label, cancel_href=cancel, fields=[]
    )
