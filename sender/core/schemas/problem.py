"""One place where a payload departs from its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

ROOT = "payload"
"""The name of the payload as a whole."""

_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at `field`, a path such as `order.items[2].price`; `payload` stands for the whole."""

    field: str
    message: str


def path_of(keys: Iterable[str | int]) -> str:
    """Return the path of a value as people write it: names with dots, positions and odd names in brackets."""
    path = ""
    for key in keys:
        if isinstance(key, str) and _PLAIN.fullmatch(key):
            path += f".{key}" if path else key
        else:
            path += f"[{json.dumps(key, ensure_ascii=False)}]"
    return path or ROOT
