"""Moments in forms and addresses of pages: read in UTC, and shown as `<input type=datetime-local>` takes them."""

from __future__ import annotations

from datetime import datetime

from shared import moments


def read(text: str) -> datetime:
    """Return the moment of a field or an RFC 3339 text, in UTC when it names no offset; raise ValueError in words."""
    try:
        moment = moments.parse(text)
    except ValueError:
        raise ValueError("Give a date and a time.") from None
    return moments.check(moment)


def shown(text: str) -> str:
    """Return a moment as the input takes it, in UTC, with milliseconds if it has any; empty for what is no moment."""
    try:
        return read(text).replace(tzinfo=None).isoformat(timespec="milliseconds").removesuffix(".000")
    except ValueError:
        return ""
