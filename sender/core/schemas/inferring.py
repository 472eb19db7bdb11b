"""From an example payload to a JSON Schema that it fits."""

from __future__ import annotations

import json
from typing import Any

from genson import SchemaBuilder

from sender.core.schemas.limits import DIALECT, is_small
from shared import json_text


def infer(example: Any) -> dict[str, Any]:
    """Return a JSON Schema 2020-12 that describes `example`, a JSON value: its types, and all fields required.

    Where the example has null, anything is allowed: it does not tell what else could be there. An example that is
    too large for its schema to be accepted gets only its outermost type.
    """
    if is_small(example):
        builder = SchemaBuilder(schema_uri=DIALECT)
        builder.add_object(json.loads(json_text.dump(example)))  # it knows plain numbers only
        schema = _tidy(builder.to_schema())
        if is_small(schema):
            return {"$schema": DIALECT, **schema}
    return {"$schema": DIALECT, "type": "array" if isinstance(example, list) else "object"}


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Put required fields in the order of the properties, and let null stand for anything."""
    if schema.get("type") == "null":
        return {key: value for key, value in schema.items() if key != "type"}
    tidied = dict(schema)
    if "properties" in schema:
        tidied["properties"] = {name: _tidy(part) for name, part in schema["properties"].items()}
    if "required" in schema:
        tidied["required"] = [name for name in schema["properties"] if name in set(schema["required"])]
    if "items" in schema:
        tidied["items"] = _tidy(schema["items"])
    if "anyOf" in schema:
        tidied["anyOf"] = [part if part.get("type") == "null" else _tidy(part) for part in schema["anyOf"]]
    return tidied
