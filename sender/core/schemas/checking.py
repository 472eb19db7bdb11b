"""Whether something is a JSON Schema that payloads can be held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from sender.core.schemas import limits, words
from sender.core.schemas.formats import CHECKER
from sender.core.schemas.problem import path_of

MAX_ERRORS = 10

_REFERENCES = ("$ref", "$dynamicRef")
_META: Any = Draft202012Validator(Draft202012Validator.META_SCHEMA, registry=Registry(), format_checker=CHECKER)


def check_schema(schema: Any) -> list[str]:
    """Return what is wrong with `schema` as a JSON Schema 2020-12, each in one sentence; at most ten.

    A schema has to stand alone: references may lead only to its own parts, as nothing is ever fetched. It may hold
    at most 20,000 values on 40 levels.
    """
    if not isinstance(schema, Mapping):
        return ["A schema is a JSON object."]
    if faults := list(_check_size(schema)) or list(_check_dialect(schema)):
        return faults
    try:
        faults = list(islice(_check_form(schema), MAX_ERRORS))
        return faults or list(islice(_check_parts(schema), MAX_ERRORS))
    except RecursionError:
        return ["The schema is nested too deep."]


def _check_size(schema: Mapping[str, Any]) -> Iterator[str]:
    count, depth = limits.size(schema)
    if depth > limits.MAX_DEPTH:
        yield f"The schema is nested deeper than {limits.MAX_DEPTH} levels."
    elif count > limits.MAX_VALUES:
        yield f"The schema holds more than {limits.MAX_VALUES:,} values."


def _check_dialect(schema: Mapping[str, Any]) -> Iterator[str]:
    dialect = schema.get("$schema", limits.DIALECT)
    if dialect not in (limits.DIALECT, limits.DIALECT + "#"):
        yield f"$schema: only JSON Schema 2020-12 is understood ({limits.DIALECT}), not {words.shorten(str(dialect))}."


def _check_form(schema: Mapping[str, Any]) -> Iterator[str]:
    """Hold the schema against the schema of schemas; jsonschema reports in no order, so order by path."""
    found = {
        f"{path_of(leaf.absolute_path)}: {words.describe(leaf)}."
        for error in _META.iter_errors(schema)
        for leaf in words.leaves(error)
    }
    yield from sorted(found)


def _check_parts(schema: Mapping[str, Any]) -> Iterator[str]:
    root = DRAFT202012.create_resource(schema)
    parts = list(_walk(root))
    resolver = Registry().resolver_with_root(root)
    for part in parts:
        for keyword in ("$id", "$schema"):
            if part is not schema and keyword in part:
                yield f"{keyword} is allowed only at the top of the schema."
        if {"patternProperties", "unevaluatedProperties"} <= part.keys():
            yield "patternProperties and unevaluatedProperties cannot be used together here."
        for keyword in _REFERENCES:
            if keyword in part:
                yield from _check_reference(keyword, part[keyword], resolver, parts)


def _check_reference(keyword: str, target: str, resolver: Any, parts: list[Mapping[str, Any]]) -> Iterator[str]:
    if not target.startswith("#"):
        yield f"{keyword}: {words.shorten(target)} lies outside of the schema and is not fetched; copy it into $defs."
        return
    try:
        found = resolver.lookup(target).contents
    except Unresolvable:
        yield f"{keyword}: the schema has no part {words.shorten(target)}."
        return
    if not isinstance(found, bool) and not any(found is part for part in parts):
        yield f"{keyword}: {words.shorten(target)} is not a schema."


def _walk(root: Resource[Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the schema and every schema in it, the true and false ones left out."""
    waiting = [root]
    while waiting:
        resource = waiting.pop()
        if isinstance(resource.contents, Mapping):
            yield resource.contents
            waiting.extend(resource.subresources())
