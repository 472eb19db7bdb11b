"""The addresses of bins: where they capture, and where they are looked at."""

from __future__ import annotations

from receiver.models import Bin
from receiver.services import context


def capture_url(owner: Bin) -> str:
    """Return the URL that a bin captures at, as the senders see it."""
    return f"{context.current().settings.receiver_url}/b/{owner.slug}"


def inspect_url(owner: Bin, capture_id: str | None = None) -> str:
    """Return the URL of a bin's page, or of one capture on it."""
    page = f"{context.current().settings.receiver_url}/bins/{owner.slug}"
    return f"{page}/{capture_id}" if capture_id else page
