"""What a schema's error says, in words that tell what to change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

KINDS = ("type", "enum", "const")
"""The keywords that say which kind of value is wanted."""

_TYPES: dict[str, str] = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "an array",
    "null": "null",
}

_FORMATS = {
    "date-time": "a date and time of RFC 3339, such as 2026-02-12T06:08:41Z",
    "date": "a date such as 2026-02-12",
    "email": "an e-mail address",
    "idn-email": "an e-mail address",
    "uri": "an absolute URI",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "uuid": "a UUID",
    "regex": "a regular expression of at most 500 characters, without lookaround or back references",
}

_LONGEST = 120


def shorten(text: str) -> str:
    """Return `text`, cut to a length that fits a line."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def describe(error: Any) -> str:
    """Return what is wrong, to be read after the name of the field: "must be a string, not a number"."""
    if error.validator is None:  # the schema `false`
        return "is not allowed here"
    if error.validator in _WORDS:
        return _WORDS[error.validator](error.validator_value, error.instance)
    return shorten(error.message)


def leaves(error: Any) -> list[Any]:
    """Return the errors that say most about `error`.

    For alternatives these are the errors of the one that was meant, when the value's type tells which that was.
    """
    if error.validator not in ("anyOf", "oneOf") or not error.context:
        return [error]
    branches: dict[int, list[Any]] = {}
    for inner in error.context:
        if inner.schema_path:  # else it is the alternative `false`, which nobody means
            branches.setdefault(inner.schema_path[0], []).append(inner)
    meant = [found for found in branches.values() if not any(_is_wrong(inner, error, KINDS) for inner in found)]
    if len(meant) == 1:
        return [leaf for inner in meant[0] for leaf in leaves(inner)]
    return [error if meant or not branches else _join(error)]


def _is_wrong(inner: Any, outer: Any, keywords: Sequence[str]) -> bool:
    return inner.validator in keywords and inner.absolute_path == outer.absolute_path


def _join(error: Any) -> Any:
    """Return one error for alternatives that all want a value of another kind: the list of values, or of types."""
    if listed := [inner for inner in error.context if _is_wrong(inner, error, ("enum", "const"))]:
        return listed[0] if len(listed) == 1 else error
    found = [inner for inner in error.context if _is_wrong(inner, error, ("type",))]
    joined = found[0]
    joined.validator_value = list(dict.fromkeys(kind for inner in found for kind in _listed(inner.validator_value)))
    return joined


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _value(value: Any) -> str:
    return shorten(json.dumps(value, ensure_ascii=False, default=str))


def _kind(instance: Any) -> str:
    match instance:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int() | float():
            return "a number"
        case list():
            return "an array"
        case _:
            return "an object"


def _or(parts: Iterable[str]) -> str:
    *head, last = parts
    return f"{', '.join(head)} or {last}" if head else last


def _type(value: Any, instance: Any) -> str:
    if value in ("integer", ["integer"]) and isinstance(instance, float):
        return f"must be an integer, not {_value(instance)}"
    return f"must be {_or(_TYPES.get(kind, kind) for kind in _listed(value))}, not {_kind(instance)}"


def _counted(number: Any, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


_WORDS: dict[str, Callable[[Any, Any], str]] = {
    "type": _type,
    "required": lambda _, __: "is missing",
    "enum": lambda value, found: (
        f"must be {shorten(_or(map(_value, value)) if value else 'absent')}, not {_value(found)}"
    ),
    "const": lambda value, found: f"must be {_value(value)}, not {_value(found)}",
    "pattern": lambda value, found: f"must match the pattern {value}, which {_value(found)} does not",
    "format": lambda value, found: f"must be {_FORMATS.get(value, value)}, not {_value(found)}",
    "properties": lambda _, __: "is not allowed here",
    "additionalProperties": lambda _, __: "is not allowed here",
    "minimum": lambda value, found: f"must be at least {_value(value)}, not {_value(found)}",
    "maximum": lambda value, found: f"must be at most {_value(value)}, not {_value(found)}",
    "exclusiveMinimum": lambda value, found: f"must be more than {_value(value)}, not {_value(found)}",
    "exclusiveMaximum": lambda value, found: f"must be less than {_value(value)}, not {_value(found)}",
    "multipleOf": lambda value, found: f"must be a multiple of {_value(value)}, not {_value(found)}",
    "minLength": lambda value, _: f"must have at least {_counted(value, 'character', 'characters')}",
    "maxLength": lambda value, _: f"must have at most {_counted(value, 'character', 'characters')}",
    "minItems": lambda value, _: f"must have at least {_counted(value, 'item', 'items')}",
    "maxItems": lambda value, _: f"must have at most {_counted(value, 'item', 'items')}",
    "minProperties": lambda value, _: f"must have at least {_counted(value, 'field', 'fields')}",
    "maxProperties": lambda value, _: f"must have at most {_counted(value, 'field', 'fields')}",
    "uniqueItems": lambda _, __: "has the same item twice",
    "anyOf": lambda _, __: "fits none of the forms that it may have",
    "oneOf": lambda _, __: "must fit exactly one of the forms that it may have",
    "not": lambda _, __: "has a form that is ruled out",
}
