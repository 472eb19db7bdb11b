"""When an e-mail that could not be sent is tried again."""

from __future__ import annotations

from datetime import timedelta

_WAITS = tuple(timedelta(seconds=seconds) for seconds in (60, 300, 1800, 7200, 21600, 86400))
FIRST_WAIT, LONGEST_WAIT = _WAITS[0], _WAITS[-1]


def wait_after(failures: int) -> timedelta | None:
    """Return how long to wait after so many failed attempts; None when the mail is given up."""
    return _WAITS[failures - 1] if failures <= len(_WAITS) else None
