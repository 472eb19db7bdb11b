"""Spans of time in words."""

from __future__ import annotations

from datetime import timedelta

from shared.counts import counted

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def in_words(span: timedelta) -> str:
    """Return a span as people say it, in its largest unit: `3 days`, `1 hour`, `90 seconds`, `12 seconds`."""
    seconds = round(span.total_seconds())
    for name, size in _UNITS:
        if seconds == size or seconds >= 2 * size:
            return counted(seconds // size, name)
    return counted(seconds, "second")
