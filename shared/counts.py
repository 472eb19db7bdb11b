"""Numbers of things in words."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Return how many there are: `0 captures`, `1 capture`, `1,234 captures`; `many` where an s does not make it."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
