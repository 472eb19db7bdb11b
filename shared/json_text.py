"""JSON as it is taken, stored and sent: strict when read, compact and in the given order when written."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

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

    Refused is also what JSON allows but nobody can pass on: half of a surrogate pair (no UTF-8 text has one), and
    numbers beyond what a double holds, which would be written as `Infinity`.
    """
    text = text if isinstance(text, str) else text.decode()
    value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    if _SURROGATE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("it holds half of a surrogate pair, which is no character") from None
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON (RFC 8259)")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is too large a number")
    return value
