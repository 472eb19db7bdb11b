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
