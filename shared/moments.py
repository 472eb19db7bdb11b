"""Moments as people and programs hand them in and read them, and as they are stored: in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)  # ids and what is stored count from here
_MICROSECOND = timedelta(microseconds=1)
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


def microseconds(moment: datetime) -> int:
    """Return `moment` as integer microseconds since 1970-01-01 UTC."""
    return (moment - _FIRST) // _MICROSECOND


def of_microseconds(count: int) -> datetime:
    """Return the moment so many microseconds after 1970-01-01 UTC; raise OverflowError when no calendar has it."""
    return _FIRST + count * _MICROSECOND
