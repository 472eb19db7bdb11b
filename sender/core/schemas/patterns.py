"""Regular expressions of schemas, by RE2: its matching takes linear time, so no pattern can hold the process.

The standard library's `re` backtracks: `^(a+)+$` on forty characters runs for hours and cannot be interrupted. RE2
also reads `$` and `\\d` as JSON Schema's own dialect (ECMA-262) does. What it leaves out for that is lookaround,
back references and more than 1,000 repetitions, and check_schema refuses those.
"""

from __future__ import annotations

import re2

from sender.core.schemas.limits import MAX_PATTERN

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


def is_found(pattern: str, text: str) -> bool:
    """Return whether `pattern` matches anywhere in `text` (JSON Schema matches unanchored); raise ValueError."""
    try:
        return re2.search(_encodable(pattern), _encodable(text), _OPTIONS) is not None
    except re2.error as error:
        raise ValueError(f"{pattern} is not a regular expression that can be used here") from error


def is_usable(pattern: str) -> bool:
    """Return whether `pattern` is a regular expression that is_found takes, of at most 500 characters."""
    try:
        is_found(pattern, "")
    except ValueError:
        return False
    return len(pattern) <= MAX_PATTERN


def _encodable(text: str) -> str:
    """Return `text` with lone surrogates, which JSON can hold and UTF-8 cannot, replaced."""
    return text.encode("utf-8", "replace").decode()
