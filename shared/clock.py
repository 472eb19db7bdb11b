"""The one place that reads the clock, so that a test can hold time still by replacing two functions."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment as an aware UTC datetime with microseconds."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds on a clock that never steps back, for spans and deadlines only."""
    return time.monotonic()


def rfc3339(moment: datetime) -> str:
    """Return `moment` as RFC 3339 in UTC with microseconds, e.g. `2026-02-12T06:08:41.000000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
