"""How an event type is written down once, and its example and its JSON Schema are derived from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class EventTypeDefinition:
    """A built-in event type. `example` and `schema` are shared by all readers: copy them before changing them."""

    slug: str
    name: str
    description: str
    fires_when: str
    source: str
    example: dict[str, Any]
    schema: dict[str, Any]


class Block(BaseModel):
    """Fields that belong together, in the order in which a payload carries them."""


@dataclass(frozen=True, slots=True)
class Sometimes:
    """A block that a payload may lack; the example shows it all the same."""

    block: type[Block]


Part = type[Block] | Sometimes


def field(example: Any, description: str, *, required: bool = True) -> Any:
    """Return a field of a block, with the value that examples show for it."""
    if required:
        return Field(examples=[example], description=description)
    return Field(default=None, examples=[example], description=description)


def define(
    slug: str,
    name: str,
    description: str,
    fires_when: str,
    *,
    source: str,
    parts: Sequence[Part],
    example: Mapping[str, Any] | None = None,
) -> EventTypeDefinition:
    """Return the event type whose payload is `parts` one after another.

    `example` replaces the values that do not fit this event (a failed payment is not "completed"); a field that
    no part has raises ValueError, and so does a field that two parts have.
    """
    properties, required = _join(parts)
    values = {field_name: schema["examples"][0] for field_name, schema in properties.items()}
    if strange := set(example or ()) - set(values):
        raise ValueError(f"{slug} has no field {', '.join(sorted(strange))}")
    values.update(example or {})
    for field_name, value in values.items():
        properties[field_name]["examples"] = [value]
    schema = {
        "$schema": DIALECT,
        "title": name,
        "description": description,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": True,
    }
    return EventTypeDefinition(slug, name, description, fires_when, source, values, schema)


def _join(parts: Sequence[Part]) -> tuple[dict[str, Any], list[str]]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    for part in parts:
        schema = _schema_of(part.block if isinstance(part, Sometimes) else part)
        if twice := properties.keys() & schema["properties"].keys():
            raise ValueError(f"two parts have {', '.join(sorted(twice))}")
        properties.update(schema["properties"])
        if not isinstance(part, Sometimes):
            required.extend(schema.get("required", ()))
    return properties, required


def _schema_of(block: type[Block]) -> dict[str, Any]:
    return block.model_json_schema(schema_generator=_Plain)


class _Plain(GenerateJsonSchema):
    """pydantic's JSON Schema without what it adds for Python: titles made of names, and null as a default."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])
