"""JSON Schema's keywords as jsonschema implements them, but counted, and seven of them written anew.

The seven are those that would match patterns with the standard library's `re` (see patterns.py), take
quadratic time, or report a field's problem at the object around it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from sender.core.schemas import patterns
from shared.json_text import Number

Errors = Iterator[Any]
Keyword = Callable[[Any, Any, Any, Any], Errors | None]


class TooMuchWork(Exception):
    """A validation has used up its steps."""


@dataclass(slots=True)
class Budget:
    """How many more keywords may be looked at."""

    steps: int

    def spend(self, steps: int) -> None:
        """Use some steps; raise TooMuchWork when there are too few."""
        self.steps -= steps
        if self.steps < 0:
            raise TooMuchWork


BUDGET: ContextVar[Budget] = ContextVar("schema_budget")


def _properties(validator: Any, parts: Mapping[str, Any], instance: Any, _schema: Any) -> Errors:
    if validator.is_type(instance, "object"):
        for name, part in parts.items():
            if name in instance and part is False:
                yield ValidationError("", path=[name])
            elif name in instance and not _plainly_fits(instance[name], part):
                yield from validator.descend(instance[name], part, path=name, schema_path=name)


_SCALARS: dict[str, set[type]] = {
    "string": {str},
    "integer": {int},
    "number": {int, float, Number},
    "boolean": {bool},
    "null": {type(None)},
}
_PLAIN = {"type", "title", "description", "examples", "default", "minimum", "enum"}


def _plainly_fits(value: Any, part: Any) -> bool:
    """Return whether `value` is a scalar that fits `part`, which asks for no more than a type, values or a minimum.

    Most fields are such ones, and to descend into each took three quarters of the time of checking a payload.
    """
    if not isinstance(part, dict) or not part.keys() <= _PLAIN:
        return False
    kind = part.get("type")
    if not isinstance(kind, str) or type(value) not in _SCALARS.get(kind, ()):
        return False
    if "enum" in part and not (isinstance(value, str) and value in part["enum"]):
        return False
    return "minimum" not in part or not isinstance(value, int | float) or value >= part["minimum"]


def _pattern(validator: Any, pattern: str, instance: Any, _schema: Any) -> Errors:
    if validator.is_type(instance, "string") and not patterns.is_found(pattern, instance):
        yield ValidationError("")


def _pattern_properties(validator: Any, parts: Mapping[str, Any], instance: Any, _schema: Any) -> Errors:
    if validator.is_type(instance, "object"):
        for pattern, part in parts.items():
            for name, value in instance.items():
                if patterns.is_found(pattern, name):
                    yield from validator.descend(value, part, path=name, schema_path=pattern)


def _additional_properties(validator: Any, part: Any, instance: Any, schema: Mapping[str, Any]) -> Errors:
    if not validator.is_type(instance, "object"):
        return
    for name, value in instance.items():
        if name in schema.get("properties", ()):
            continue
        if any(patterns.is_found(pattern, name) for pattern in schema.get("patternProperties", ())):
            continue
        if part is False:
            yield ValidationError("", path=[name])
        else:
            yield from validator.descend(value, part, path=name)


def _required(validator: Any, names: list[str], instance: Any, _schema: Any) -> Errors:
    if validator.is_type(instance, "object"):
        for name in names:
            if name not in instance:
                yield ValidationError("", path=[name])


def _dependent_required(validator: Any, names: Mapping[str, list[str]], instance: Any, _schema: Any) -> Errors:
    if validator.is_type(instance, "object"):
        for given in names.keys() & instance.keys():
            for name in names[given]:
                if name not in instance:
                    yield ValidationError(f"is missing, though {given} is there", path=[name])


def _unique_items(validator: Any, wanted: bool, instance: Any, _schema: Any) -> Errors:
    if wanted and validator.is_type(instance, "array"):
        seen = {json.dumps(_canonical(item), sort_keys=True) for item in instance}
        if len(seen) < len(instance):
            yield ValidationError("")


def _canonical(value: Any) -> Any:
    """Return a JSON value in the one form of all values equal to it: 1.0 and 1 are the same number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _canonical(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return value


def _counted(keyword: Keyword, steps: int) -> Keyword:
    def run(validator: Any, value: Any, instance: Any, schema: Any) -> Errors | None:
        BUDGET.get().spend(steps)
        return keyword(validator, value, instance, schema)

    return run


_STEPS = {"$ref": 5, "$dynamicRef": 5}  # following a reference takes as long as five plain keywords

_OURS: dict[str, Keyword] = {
    "properties": _properties,
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "required": _required,
    "dependentRequired": _dependent_required,
    "uniqueItems": _unique_items,
}

PayloadValidator: Any = extend(
    Draft202012Validator,
    {
        name: _counted(keyword, _STEPS.get(name, 1))
        for name, keyword in {**Draft202012Validator.VALIDATORS, **_OURS}.items()
    },
)
"""jsonschema's validator of 2020-12 with these keywords; runs only where BUDGET is set."""
