"""Moments that people and programs hand in or read: in UTC, of years that every part of Hookloop can reckon with."""

from __future__ import annotations

from datetime import UTC, datetime

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)  # ids count from here
_END = datetime(9999, 1, 1, tzinfo=UTC)  # leaves room to add to a moment, and to give it another offset


def parse(text: str) -> datetime:
    """Return the moment that `text` names (ISO 8601, RFC 3339), in UTC when it names no offset; raise ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def check(moment: datetime) -> datetime:
    """Return an aware moment in UTC; raise ValueError for one that is out of reach."""
    if not _FIRST <= moment < _END:
        raise ValueError("Give a moment in the years 1970 to 9998.")
    return moment.astimezone(UTC)


def rfc3339(moment: datetime) -> str:
    """Return `moment` as RFC 3339 in UTC with microseconds, e.g. `2026-02-12T06:08:41.000000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
