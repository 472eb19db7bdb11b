"""JSON as it is taken, stored and sent: strict when read, compact, in the given order and spelling when written."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, Self

MAX_DEPTH = 200  # writers have limits too: pydantic's is 255
_MINUS_ZERO = re.compile(r"-0(?![.eE0-9])")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_PLAIN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_ESCAPED = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class Number(float):
    """A number with a fraction or an exponent, or -0, that knows its spelling: a double holds 17 of its digits."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Self:
        """Return the number that JSON text spells; raise ValueError when a double cannot hold it."""
        number = super().__new__(cls, text)
        if number in (float("inf"), float("-inf")):
            raise ValueError(f"{text[:40]} is too large a number")
        number.text = text
        return number


def dump(value: Any) -> str:
    """Return `value` as compact JSON text (RFC 8259) that can be encoded in UTF-8, a Number as it was spelled.

    A lone surrogate, which JSON may hold as an escape but UTF-8 cannot, makes the text fall back to escapes.
    """
    text = _write(value, _PLAIN)
    try:
        text.encode()
    except UnicodeEncodeError:
        return _write(value, _ESCAPED)
    return text


def load(text: str | bytes) -> Any:
    """Return the value of JSON text (RFC 8259); raise ValueError, or RecursionError when it is nested too deeply.

    Refused is also what JSON allows but nobody can pass on: half of a surrogate pair (no UTF-8 text has one), numbers
    beyond what a double holds, which would be written as `Infinity`, and more than MAX_DEPTH levels.
    """
    text = text if isinstance(text, str) else text.decode()
    parse_int = _integer if _MINUS_ZERO.search(text) else None
    value = json.loads(text, parse_constant=_refuse_constant, parse_float=Number, parse_int=parse_int)
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _refuse_depth(value)
    if _SURROGATE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("it holds half of a surrogate pair, which is no character") from None
    return value


def _integer(text: str) -> int | Number:
    """An integer, but for minus zero, which is none in Python; doubles have it, and some languages write it so."""
    return Number(text) if text == "-0" else int(text)


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


def _write(value: Any, encoder: json.JSONEncoder) -> str:
    return _spell(value, encoder) if _has_number(value) else encoder.encode(value)


def _has_number(value: Any) -> bool:
    match value:
        case dict():
            return any(map(_has_number, value.values()))
        case list():
            return any(map(_has_number, value))
        case _:
            return isinstance(value, Number)


def _spell(value: Any, encoder: json.JSONEncoder) -> str:
    """Write what holds a Number: the library's encoder would write it as any other float."""
    match value:
        case Number():
            return value.text
        case dict():
            pairs = (f"{encoder.encode(name)}:{_spell(one, encoder)}" for name, one in value.items())
            return f"{{{','.join(pairs)}}}"
        case list():
            return f"[{','.join(_spell(one, encoder) for one in value)}]"
        case _:
            return encoder.encode(value)
