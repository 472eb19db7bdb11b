"""How large a schema may be, and how much work may go into checking a payload."""

from __future__ import annotations

from typing import Any

DIALECT = "https://json-schema.org/draft/2020-12/schema"

MAX_DEPTH = 40
"""Levels of objects and arrays in a schema; a level of a payload takes two (`properties`, then the name)."""

MAX_VALUES = 20_000
"""Values in a schema, nested ones included."""

MAX_PATTERN = 500
"""Characters of a regular expression."""

MAX_STEPS = 200_000
"""Keywords looked at in one validation; all of them are about a second. 20,000 small records take half."""

MAX_PROBLEMS = 50
"""Problems reported of one payload."""


def size(value: Any) -> tuple[int, int]:
    """Return how many values a JSON value holds and how many levels of objects and arrays.

    Stops counting soon after either limit is passed, so a huge value costs no more than a large one.
    """
    count, deepest = 0, 0
    waiting = [(value, 1)]
    while waiting and count <= MAX_VALUES and deepest <= MAX_DEPTH:
        item, depth = waiting.pop()
        count += 1
        if isinstance(item, (dict, list)):
            deepest = max(deepest, depth)
            children = item.values() if isinstance(item, dict) else item
            waiting.extend((child, depth + 1) for child in children)
    return count, deepest


def is_small(value: Any) -> bool:
    """Return whether a JSON value is within the limits of a schema."""
    count, depth = size(value)
    return count <= MAX_VALUES and depth <= MAX_DEPTH
