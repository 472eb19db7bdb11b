"""Asking before something is lost: with scripts a dialog asks, without them a page."""

from __future__ import annotations

from collections.abc import Iterable

from flask import render_template, request


def is_confirmed() -> bool:
    """Return whether the person has said yes, in the dialog or on the page that `confirm` returned."""
    return request.form.get("confirmed") == "1"


def confirm(title: str, text: str, label: str, cancel: str, fields: Iterable[tuple[str, str]] = ()) -> str:
    """Return the page that asks what the dialog would ask; `fields` are sent again with the yes."""
    return render_template(
        "ui/confirm.html", title=title, text=text, confirm_label=label, cancel_href=cancel, fields=list(fields)
    )
