"""JSON as it is taken, stored and sent: strict when read, compact and in the given order when written."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

MAX_DEPTH = 200  # writers have limits too: pydantic's is 255
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def dump(value: Any) -> str:
    """Return `value` as compact JSON text (RFC 8259) that can be encoded in UTF-8.

    A lone surrogate, which JSON may hold as an escape but UTF-8 cannot, makes the text fall back to escapes.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text


def load(text: str | bytes) -> Any:
    """Return the value of JSON text (RFC 8259); raise ValueError, or RecursionError when it is nested too deeply.

    Refused is also what JSON allows but nobody can pass on: half of a surrogate pair (no UTF-8 text has one), numbers
    beyond what a double holds, which would be written as `Infinity`, and more than MAX_DEPTH levels.
    """
    text = text if isinstance(text, str) else text.decode()
    value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _refuse_depth(value)
    if _SURROGATE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("it holds half of a surrogate pair, which is no character") from None
    return value


def _refuse_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        containers = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        if not containers:
            return
        level = [one for container in containers for one in container]
    raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON (RFC 8259)")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is too large a number")
    return value
