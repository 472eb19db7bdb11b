"""One line of a bin's list: the same for the page, the poll and the stream."""

from __future__ import annotations

import json
from dataclasses import dataclass

from flask import url_for

from receiver.core import hints
from receiver.models import Bin, Capture


@dataclass(frozen=True, slots=True)
class Row:
    """A capture as a list shows it."""

    capture: Capture
    href: str
    target: str  # path and query below the bin
    status: int  # that was answered
    about: str  # its event type if the sender named one, else its media type


def row_of(owner: Bin, capture: Capture, q: str = "", cursor: str | None = None) -> Row:
    """Return the line of `capture`; its link keeps the search and the page of the list."""
    return Row(
        capture=capture,
        href=url_for(
            "pages.inspect_capture", slug=owner.slug, request_id=capture.id, q=q or None, cursor=cursor or None
        ),
        target=(capture.path or "/") + (f"?{capture.query}" if capture.query else ""),
        status=200 if capture.response is None else json.loads(capture.response)["status"],
        about=hints.event_type(capture.headers) or hints.media_type(capture.headers),
    )
