from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from sender.core import schemas
from sender.core.schemas import limits
from tests.sender.catalogue.generated import PATIENT, SCHEMAS, VALUES

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@PATIENT
@given(VALUES)
def test_an_example_fits_the_schema_inferred_from_it(example: Any) -> None:
    schema = schemas.infer(example)
    assert schemas.check_schema(schema) == []
    Draft202012Validator.check_schema(schema)
    assert schemas.validate(example, schema) == []


@PATIENT
@given(VALUES)
def test_inferring_leaves_the_example_as_it_was(example: Any) -> None:
    before = repr(example)
    schemas.infer(example)
    assert repr(example) == before


def test_what_is_inferred() -> None:
    example = {"order": "A1", "total": 29.5, "count": 2, "paid": True, "note": None, "items": [{"sku": "x"}, {}]}
    assert schemas.infer(example) == {
        "$schema": DIALECT,
        "type": "object",
        "properties": {
            "order": {"type": "string"},
            "total": {"type": "number"},
            "count": {"type": "integer"},
            "paid": {"type": "boolean"},
            "note": {},
            "items": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}},
        },
        "required": ["order", "total", "count", "paid", "note", "items"],
    }


def test_items_of_two_kinds_are_both_allowed() -> None:
    schema = schemas.infer({"a": [1, "x", None], "b": [None, {"c": None}]})
    assert schemas.validate({"a": ["y", None, 2], "b": [{"c": 5}, None]}, schema) == []
    assert [problem.field for problem in schemas.validate({"a": [[]], "b": [1]}, schema)] == ["a[0]", "b[0]"]


@pytest.mark.parametrize("example", [_nested(5000), _nested(30), {"a": [{"b": number} for number in range(30_000)]}])
def test_an_example_beyond_the_limits_gets_its_outermost_type_only(example: Any) -> None:
    assert schemas.infer(example) == {"$schema": DIALECT, "type": "object"}
    assert schemas.infer([example]) == {"$schema": DIALECT, "type": "array"}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"$schema": DIALECT, "$id": "https://example.com/order.json", "type": "object"},
        {"$defs": {"sku": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/sku"}, "b": False}},
        {"$defs": {"sku": {"$anchor": "sku"}}, "$ref": "#sku"},
        {"properties": {"child": {"$ref": "#"}}},
        {"properties": {"$ref": {"type": "string"}, "$id": {}, "$schema": {}}},
        {"const": {"$ref": "https://example.com/data-not-schema"}},
        {"properties": {"a": {"pattern": r"^\p{L}+$"}}, "patternProperties": {"^x-": True}},
    ],
)
def test_good_schemas(schema: dict[str, Any]) -> None:
    assert schemas.check_schema(schema) == []


@pytest.mark.parametrize(
    ("schema", "start"),
    [
        ([], "A schema is a JSON object."),
        ("{}", "A schema is a JSON object."),
        ({"type": "strng"}, 'type: must be "array", "boolean", '),
        ({"properties": {"a": {"type": ["string", "foo"]}}}, "properties.a.type[1]: must be "),
        ({"properties": {"a b": {"type": 3}}}, 'properties["a b"].type: must be '),
        ({"properties": 5}, "properties: must be an object, not a number."),
        ({"required": "a"}, "required: must be an array, not a string."),
        ({"minLength": -1}, "minLength: must be at least 0, not -1."),
        ({"items": [{}]}, "items: must be an object or true or false, not an array."),
        ({"pattern": "("}, "pattern: must be a regular expression"),
        ({"pattern": "(?!a)"}, "pattern: must be a regular expression"),
        ({"pattern": "(a{900}){900}"}, "pattern: must be a regular expression"),
        ({"pattern": "a" * 501}, "pattern: must be a regular expression"),
        ({"patternProperties": {"(": {}}}, "patternProperties: must be a regular expression"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "$schema: only JSON Schema 2020-12 is understood"),
        ({"properties": {"a": {"$schema": DIALECT}}}, "$schema is allowed only at the top"),
        ({"properties": {"a": {"$id": "https://example.com/"}}}, "$id is allowed only at the top"),
        ({"$ref": "#/$defs/none"}, "$ref: the schema has no part #/$defs/none."),
        ({"$ref": "#none"}, "$ref: the schema has no part #none."),
        ({"$ref": "#/examples/0", "examples": [{"type": 5}]}, "$ref: #/examples/0 is not a schema."),
        ({"$ref": DIALECT}, "$ref: https://json-schema.org/draft/2020-12/schema lies outside of the schema"),
        ({"$ref": "other.json"}, "$ref: other.json lies outside of the schema"),
        ({"$dynamicRef": "file:///etc/passwd"}, "$dynamicRef: file:///etc/passwd lies outside of the schema"),
        ({"patternProperties": {}, "unevaluatedProperties": False}, "patternProperties and unevaluatedProperties"),
        (_nested(limits.MAX_DEPTH + 1), "The schema is nested deeper than 40 levels."),
        (_nested(100_000), "The schema is nested deeper than 40 levels."),
        ({"enum": list(range(limits.MAX_VALUES + 1))}, "The schema holds more than 20,000 values."),
    ],
)
def test_bad_schemas_are_refused_in_words(schema: Any, start: str) -> None:
    first, *_ = schemas.check_schema(schema)
    assert first.startswith(start)
    assert first.endswith(".")
    assert len(first) < 400


def test_every_fault_of_a_schema_is_told_up_to_ten() -> None:
    two = {"properties": {"a": {"type": 1}, "b": 5}}
    assert [message.split(":")[0] for message in schemas.check_schema(two)] == ["properties.a.type", "properties.b"]
    assert len(schemas.check_schema({"properties": {f"p{number}": 5 for number in range(50)}})) == 10


@PATIENT
@given(VALUES | SCHEMAS)
def test_anything_can_be_checked(schema: Any) -> None:
    assert all(isinstance(message, str) for message in schemas.check_schema(schema))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    before = socket.getdefaulttimeout()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        socket.setdefaulttimeout(1)  # nobody answers: whoever asks after all shall not wait for ever
        try:
            yield server
        finally:
            socket.setdefaulttimeout(before)


@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef"])
def test_nothing_is_ever_fetched(listener: socket.socket, keyword: str) -> None:
    host, port = listener.getsockname()
    schema = {"properties": {"a": {keyword: f"http://{host}:{port}/schema.json"}}}
    assert len(schemas.check_schema(schema)) == 1
    (problem,) = schemas.validate({"a": 1}, schema)
    assert problem.message.startswith("could not be checked")
    with pytest.raises(BlockingIOError):
        listener.accept()
