"""Identifiers: a prefix that says what it names, then 48 bits of time and 80 random bits.

The 26 characters after the prefix are Crockford's base 32 in lower case (the ULID layout), so that ids of
one kind sort by the millisecond in which they were made.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Literal

Prefix = Literal["whk", "evt", "dlv", "att", "rpl", "eml", "wrk", "bin", "req"]

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [one + other for one in _ALPHABET for other in _ALPHABET]  # ten bits at a time: half of the steps
_SHIFTS = range(120, -1, -10)
_SHAPE = re.compile(r"(whk|evt|dlv|att|rpl|eml|wrk|bin|req)_[0-9a-hjkmnp-tv-z]{26}")


def new(prefix: Prefix, at: datetime) -> str:
    """Return a fresh id such as `evt_01m3…` made at `at`; it holds no `.`, as Standard Webhooks asks of ids."""
    return _write(prefix, (int(at.timestamp() * 1000) << 80) | secrets.randbits(80))


def first(prefix: Prefix, at: datetime) -> str:
    """Return the least id that may be made at `at`: ids made in an earlier millisecond are less.

    The least of all when that is before 1970: none was made so long ago.
    """
    return _write(prefix, max(0, int(at.timestamp() * 1000)) << 80)


def is_id(text: str) -> bool:
    """Return whether `text` has the shape of one of our ids; it says nothing about whether it exists."""
    return _SHAPE.fullmatch(text) is not None


def _write(prefix: Prefix, number: int) -> str:
    return f"{prefix}_" + "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])
