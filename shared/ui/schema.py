"""JSON Schema for people: a schema flattened to table rows, and an example made from it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

_DEEPEST = 3
_SAMPLES: dict[str, Any] = {"string": "…", "integer": 0, "number": 0, "boolean": True, "null": None}
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matches {}",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One property: its name, its type in words, what limits it, and how deep it lies in the document."""

    name: str
    kind: str
    required: bool
    note: str
    facts: tuple[str, ...]
    depth: int = 0


class Schemas:
    """The schemas of one OpenAPI 3.1 document; resolves its references and survives recursive ones."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def rows(self, schema: Schema, depth: int = 0, seen: tuple[str, ...] = ()) -> list[Row]:
        """Return the properties of an object schema (of the items, for an array), at most three levels down."""
        seen += (str(schema.get("$ref")),) if "$ref" in schema else ()
        plain = self.resolve(schema)
        if "items" in plain and "properties" not in plain:
            return self.rows(plain["items"], depth, seen)
        required = set(plain.get("required", ()))
        found = []
        for name, part in plain.get("properties", {}).items():
            found.append(self.row(name, part, required=name in required, depth=depth))
            if depth < _DEEPEST and not _is_cycle(part, seen):
                found.extend(self.rows(_inner(part), depth + 1, seen))
        return found

    def row(self, name: str, schema: Schema, *, required: bool, depth: int = 0, note: str = "") -> Row:
        """Return the row of one property or parameter; `note` counts more than the schema's description."""
        plain = self.resolve(schema)
        described = note or schema.get("description") or plain.get("description") or ""
        return Row(name, self.kind(schema), required, described, _facts(plain), depth)

    def kind(self, schema: Schema) -> str:
        """Return the type in words: "string (uri)", "array of Webhook", "string or null"."""
        if "$ref" in schema and self.resolve(schema).get("type") == "object":
            return _last(schema["$ref"])
        plain = self.resolve(schema)
        choices = plain.get("anyOf") or plain.get("oneOf")
        if choices:
            return " or ".join(dict.fromkeys(self.kind(choice) for choice in choices))
        kind = plain.get("type", "any" if "properties" not in plain else "object")
        if isinstance(kind, list):
            return " or ".join(kind)
        if kind == "array":
            return f"array of {self.kind(plain.get('items', {}))}"
        return f"{kind} ({plain['format']})" if "format" in plain else str(kind)

    def example(self, schema: Schema, depth: int = 0) -> Any:
        """Return a value that fits `schema`: its own example where it has one, else made of its properties."""
        plain = self.resolve(schema)
        given = _given(plain)
        if given is not None:
            return given
        choices = plain.get("anyOf") or plain.get("oneOf")
        if choices:
            return self.example(next((c for c in choices if c.get("type") != "null"), choices[0]), depth)
        return self._made(plain, depth)

    def resolve(self, schema: Schema) -> Schema:
        """Return `schema` with its reference followed and its allOf merged."""
        hops = 0
        while "$ref" in schema and hops < 10:
            target: Any = self._document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                target = target.get(part.replace("~1", "/").replace("~0", "~"), {})
            schema, hops = {**target, **{k: v for k, v in schema.items() if k != "$ref"}}, hops + 1
        return self._merged(schema) if "allOf" in schema else schema

    def _merged(self, schema: Schema) -> Schema:
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        properties: Schema = {}
        required: list[str] = []
        for part in [*map(self.resolve, schema["allOf"]), merged]:
            properties |= part.get("properties", {})
            required += part.get("required", [])
            merged = {**part, **merged}
        return {**merged, "properties": properties, "required": required} if properties else merged

    def _made(self, plain: Schema, depth: int) -> Any:
        kind = plain.get("type", "object" if "properties" in plain else "string")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            parts = self._telling(plain) if depth <= _DEEPEST else {}
            return {name: self.example(part, depth + 1) for name, part in parts.items()}
        if kind == "array":
            return [self.example(plain.get("items", {}), depth + 1)] if depth <= _DEEPEST else []
        return plain.get("minimum", _SAMPLES[kind])

    def _telling(self, plain: Schema) -> Schema:
        """The properties worth showing: the required ones and those with a value of their own; else all."""
        properties: Schema = plain.get("properties", {})
        required = plain.get("required", ())
        telling = {n: p for n, p in properties.items() if n in required or _given(self.resolve(p)) is not None}
        return telling or properties


def _given(plain: Schema) -> Any:
    """The value that the schema itself names; None when it names none."""
    for value in (*plain.get("examples", ())[:1], plain.get("example"), plain.get("const"), plain.get("default")):
        if value is not None:
            return value
    return next(iter(plain.get("enum", ())), None)


def _facts(plain: Schema) -> tuple[str, ...]:
    """What limits a value, in words."""
    facts = [words.format(_literal(plain[key])) for key, words in _LIMITS.items() if key in plain]
    if "enum" in plain:
        facts.insert(0, "one of " + ", ".join(map(str, plain["enum"])))
    if plain.get("default") is not None:
        facts.append(f"default {_literal(plain['default'])}")
    return tuple(facts)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)  # pydantic's limits of integers are floats


def _inner(schema: Schema) -> Schema:
    """The one choice of a nullable schema, else the schema itself."""
    choices = [c for c in schema.get("anyOf", ()) if c.get("type") != "null"]
    return choices[0] if len(choices) == 1 else schema


def _is_cycle(schema: Schema, seen: tuple[str, ...]) -> bool:
    inner = _inner(schema)
    return any(str(part.get("$ref")) in seen for part in (inner, inner.get("items", {})) if "$ref" in part)


def _last(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]
