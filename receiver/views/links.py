"""The addresses of bins, and what a page says of their rule in a few words."""

from __future__ import annotations

from flask import url_for

from receiver.models import Bin
from receiver.services import batch, context


def capture_url(owner: Bin) -> str:
    """Return the URL that a bin captures at, as the senders see it."""
    return f"{context.current().settings.receiver_url}/b/{owner.slug}"


def inspect_url(owner: Bin, capture_id: str | None = None) -> str:
    """Return the whole URL of a bin's page, or of one capture on it."""
    page = f"{context.current().settings.receiver_url}/bins/{owner.slug}"
    return f"{page}/{capture_id}" if capture_id else page


def page(owner: Bin) -> str:
    """Return the path of a bin's page."""
    return url_for("pages.inspect", slug=owner.slug)


def rule_summary(owner: Bin) -> str:
    """Return what a bin answers in a few words, e.g. `500, 500, 200`; "" for the default answer."""
    if owner.response is None:
        return ""
    statuses = [str(answer.status) for answer in batch.read_rule(owner.response).answers]
    return ", ".join(statuses[:3]) + (", …" if len(statuses) > 3 else "")
