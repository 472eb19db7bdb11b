"""Text that is to be one line, wherever it is read: Unicode has more line breaks and control characters than \\n."""

from __future__ import annotations

import unicodedata

_BREAKS = ("Cc", "Zl", "Zp")  # categories of control characters, line and paragraph separators


def in_one(text: str) -> str:
    """Return `text` with a space for each line break and control character."""
    return "".join(" " if unicodedata.category(char) in _BREAKS else char for char in text)


def is_one(text: str) -> bool:
    """Return whether `text` has no line break and no control character."""
    return in_one(text) == text
