from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from jsonschema import Draft202012Validator

from sender.core import schemas
from sender.core.schemas import Problem
from tests.sender.catalogue.generated import PATIENT, SCHEMAS, VALUES


@PATIENT
@given(SCHEMAS, VALUES)
def test_the_verdict_is_that_of_jsonschema(schema: dict[str, Any], payload: Any) -> None:
    assume(not schemas.check_schema(schema))
    found = schemas.validate(payload, schema)
    try:
        expected = Draft202012Validator(schema).is_valid(payload)
    except (RecursionError, OverflowError):
        assert found
    else:
        assert (found == []) == expected


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": "string"}, 5, "must be a string, not a number"),
        ({"type": ["string", "null"]}, True, "must be a string or null, not a boolean"),
        ({"type": "integer"}, 1.5, "must be an integer, not 1.5"),
        ({"type": "integer"}, [], "must be an integer, not an array"),
        ({"type": "object"}, None, "must be an object, not null"),
        ({"type": "array"}, {}, "must be an array, not an object"),
        ({"enum": ["new", "paid", 3]}, "old", 'must be "new", "paid" or 3, not "old"'),
        ({"const": "new"}, "old", 'must be "new", not "old"'),
        ({"type": "string", "enum": ["new"]}, 5, "must be a string, not a number"),
        ({"pattern": "^a+$"}, "b", 'must match the pattern ^a+$, which "b" does not'),
        ({"minimum": 1}, 0, "must be at least 1, not 0"),
        ({"maximum": 1}, 2, "must be at most 1, not 2"),
        ({"exclusiveMinimum": 1}, 1, "must be more than 1, not 1"),
        ({"exclusiveMaximum": 1}, 1, "must be less than 1, not 1"),
        ({"multipleOf": 2}, 3, "must be a multiple of 2, not 3"),
        ({"minLength": 1}, "", "must have at least 1 character"),
        ({"maxLength": 2}, "abc", "must have at most 2 characters"),
        ({"minItems": 2}, [], "must have at least 2 items"),
        ({"maxItems": 1}, [1, 2], "must have at most 1 item"),
        ({"minProperties": 1}, {}, "must have at least 1 field"),
        ({"maxProperties": 0}, {"a": 1}, "must have at most 0 fields"),
        ({"uniqueItems": True}, [1, 1.0], "has the same item twice"),
        ({"not": {}}, 1, "has a form that is ruled out"),
        (False, 1, "is not allowed here"),
        ({"format": "uri"}, "x y", 'must be an absolute URI, not "x y"'),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 1, "must be a string or null, not a number"),
        ({"anyOf": [{"type": "string", "minLength": 2}, {"type": "null"}]}, "", "must have at least 2 characters"),
        ({"anyOf": [{"minLength": 2}, {"minLength": 3}]}, "", "fits none of the forms that it may have"),
        ({"oneOf": [{}, {}]}, "", "must fit exactly one of the forms that it may have"),
        ({"enum": ["x" * 300]}, "y" * 300, None),
    ],
)
def test_what_is_wrong_is_said_at_the_field(schema: Any, value: Any, message: str | None) -> None:
    (problem,) = schemas.validate({"field": value}, {"properties": {"field": schema}})
    assert problem.field == "field"
    assert problem.message == (message or problem.message)
    assert len(problem.message) < 300


@pytest.mark.parametrize(
    ("schema", "payload", "field"),
    [
        ({"type": "object"}, [], "payload"),
        ({"required": ["a"]}, {}, "a"),
        ({"properties": {"a": {"required": ["b"]}}}, {"a": {}}, "a.b"),
        ({"properties": {"a": {"items": {"properties": {"b": {"type": "null"}}}}}}, {"a": [{}, {"b": 1}]}, "a[1].b"),
        ({"additionalProperties": {"type": "null"}}, {"first name": 1}, '["first name"]'),
        ({"properties": {"a": {"additionalProperties": False}}}, {"a": {"x.y": 1}}, 'a["x.y"]'),
        ({"patternProperties": {"^x-": {"type": "null"}}}, {"x-a": 1, "y": 1}, "x-a"),
        ({"patternProperties": {"^x-": {}}, "additionalProperties": False}, {"x-a": 1, "y": 1}, "y"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "b"),
        ({"prefixItems": [{"type": "null"}]}, [1], "[0]"),
        ({"anyOf": [{"required": ["a"], "type": "object"}, {"type": "null"}]}, {}, "a"),
    ],
)
def test_the_path_leads_to_the_field(schema: Any, payload: Any, field: str) -> None:
    assert [problem.field for problem in schemas.validate(payload, schema)] == [field]


def test_all_problems_are_told_up_to_fifty() -> None:
    schema = {"properties": {"a": {"minLength": 3, "pattern": "^x"}}, "required": ["b", "c"]}
    assert [problem.field for problem in schemas.validate({"a": "y"}, schema)] == ["a", "a", "b", "c"]
    assert len(schemas.validate(["x"] * 1000, {"items": {"type": "integer"}})) == 50


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date-time", "2026-02-12T06:08:41Z", "2026-02-12 06:08:41"),
        ("date-time", "2026-02-12t06:08:41.123456789+02:00", "2026-02-12T06:08:41"),
        ("date-time", "2016-12-31T23:59:60Z", "2026-02-30T00:00:00Z"),
        ("date", "2026-02-12", "2026-02-30"),
        ("uri", "https://example.com/a?b=%20#c", "https://example.com/a b"),
        ("uri", "urn:isbn:0451450523", "example.com/a"),
        ("uri", "mailto:maya@example.com", "https:///a"),
        ("uri", "http://[2001:db8::1]:8080/", "http://[2001:db8::1"),
        ("uri", "https://example.com/", "https://example.com/%zz"),
        ("email", "maya@example.com", "maya"),
        ("ipv4", "203.0.113.24", "203.0.113.256"),
        ("ipv6", "2001:db8::1", "2001:db8"),
        ("uuid", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "f81d4fae"),
        ("regex", "^a+$", "("),
    ],
)
def test_formats_are_checked(name: str, good: str, bad: str) -> None:
    assert schemas.validate([good, 5, None], {"items": {"format": name}}) == []
    assert [problem.field for problem in schemas.validate([bad], {"items": {"format": name}})] == ["[0]"]


def test_unknown_formats_are_let_be() -> None:
    assert schemas.validate("x", {"format": "phone-of-mars"}) == []


def test_a_pattern_that_backtracks_without_end_elsewhere_is_harmless() -> None:
    schema = {"properties": {"a": {"pattern": "^(a+)+$"}}, "patternProperties": {"^(b+)+$": {}}}
    (problem,) = schemas.validate({"a": "a" * 50_000 + "!", "b" * 50_000 + "!": 1}, schema)
    assert problem.field == "a"


def test_a_pattern_means_what_it_means_in_javascript() -> None:
    schema = {"pattern": r"^\d$"}
    assert schemas.validate("5", schema) == []
    assert len(schemas.validate("5\n", schema)) == 1
    assert len(schemas.validate("\u0665", schema)) == 1
    assert schemas.validate("\ud800", {"pattern": "^.$"}) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {
            "$ref": "#/$defs/d0",
            "$defs": {
                **{f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)},
                "d40": {"type": "object"},
            },
        },
    ],
    ids=["endless", "doubling"],
)
def test_references_that_multiply_are_given_up(schema: dict[str, Any]) -> None:
    expected = Problem("payload", "is too large or too deep to be checked against this schema")
    assert schemas.validate({}, schema) == [expected]


def test_a_payload_that_is_too_deep_is_given_up() -> None:
    payload: dict[str, Any] = {}
    for _ in range(5000):
        payload = {"a": payload}
    (problem,) = schemas.validate(payload, {"properties": {"a": {"$ref": "#"}}})
    assert "too deep" in problem.message


def test_the_budget_is_that_of_one_validation() -> None:
    schema = {"items": {"type": "integer"}}
    for _ in range(3):
        assert schemas.validate([1] * 100_000, schema) == []
    (problem,) = schemas.validate([1] * 200_001, schema)
    assert "too large" in problem.message


def test_a_schema_that_names_its_dialect_is_still_held_by_these_rules() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {"child": {"$ref": "#"}},
        "required": ["id"],
    }
    assert schemas.validate({"id": 1, "child": {}}, schema) == [Problem("child.id", "is missing")]


def test_numbers_too_large_for_a_division_are_reported_not_raised() -> None:
    (problem,) = schemas.validate({"a": 10**400}, {"properties": {"a": {"multipleOf": 0.5}}})
    assert problem.message.startswith("could not be checked")
