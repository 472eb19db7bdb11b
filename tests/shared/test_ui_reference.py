"""The API reference made from an OpenAPI document."""

from __future__ import annotations

from typing import Any

import pytest

from shared.ui import prose, reference
from shared.ui.schema import Schemas
from tests.shared.gallery.samples import OPENAPI


def _operation(method: str, path: str) -> reference.Operation:
    found = [op for group in reference.groups(OPENAPI, "http://host:1/") for op in group.operations]
    return next(op for op in found if (op.method, op.path) == (method, path))


def test_operations_stand_under_their_tags_in_order() -> None:
    groups = reference.groups(OPENAPI, "http://host:1")
    assert [(g.name, [op.summary for op in g.operations]) for g in groups] == [
        ("Webhooks", ["List webhooks", "Register a webhook", "Delete a webhook"]),
        ("Events", ["Publish an event"]),
    ]


def test_parameters_of_the_path_item_belong_to_each_method() -> None:
    ((place, row),) = _operation("DELETE", "/api/v1/webhooks/{id}").parameters
    assert (place, row.name, row.kind, row.required) == ("in the path", "id", "string", True)


def test_limits_and_defaults_read_as_words() -> None:
    (_, limit), (_, cursor) = _operation("GET", "/api/v1/webhooks").parameters
    assert limit.facts == ("at least 1", "at most 200", "default 50")
    assert cursor.kind == "string or null"


def test_rows_follow_references_lists_and_nesting() -> None:
    content = _operation("GET", "/api/v1/webhooks").answers[0].content
    assert content is not None
    assert [(row.name, row.depth) for row in content.rows] == [
        ("items", 0),
        ("name", 1),
        ("url", 1),
        ("active", 1),
        ("body_format", 1),
        ("signature", 1),
        ("scheme", 2),
        ("id", 1),
        ("next_cursor", 0),
    ]
    assert content.rows[0].kind == "array of Webhook"
    assert [row.name for row in content.rows if row.required] == ["name", "url", "id"]


def test_curl_carries_token_type_and_an_example_that_a_shell_takes() -> None:
    assert _operation("POST", "/api/v1/events").curl.splitlines() == [
        "curl -X POST http://host:1/api/v1/events \\",
        '  -H "Authorization: Bearer $HOOKLOOP_ADMIN_TOKEN" \\',
        "  -H 'Content-Type: application/json' \\",
        "  -d '{",
        '  "type": "payment_received",',
        '  "payload": {}',
        "}'",
    ]


def test_an_operation_without_security_asks_for_no_token() -> None:
    document = {"paths": {"/healthz": {"get": {"security": [], "responses": {}}}}, "security": [{"token": []}]}
    ((operation,),) = [group.operations for group in reference.groups(document, "http://h")]
    assert not operation.secured
    assert operation.curl == "curl http://h/healthz"


def test_a_description_that_only_names_the_status_is_left_out() -> None:
    responses = {"200": {"description": "OK"}, "404": {"description": "No such bin."}, "default": {"description": "OK"}}
    ((operation,),) = [g.operations for g in reference.groups({"paths": {"/a": {"get": {"responses": responses}}}}, "")]
    assert [answer.description for answer in operation.answers] == ["", "No such bin.", "OK"]


def test_of_problem_documents_only_the_one_about_bad_input_shows_its_fields() -> None:
    problem = {"description": "No.", "content": {"application/problem+json": {"schema": {"title": "Problem"}}}}
    post = {"responses": {"404": problem, "422": problem}, "requestBody": {"required": False}}
    ((operation,),) = [g.operations for g in reference.groups({"paths": {"/a": {"post": post}}}, "")]
    assert [(one.status, one.content is None) for one in operation.answers] == [("404", True), ("422", False)]
    assert not operation.body_required
    assert _operation("POST", "/api/v1/webhooks").body_required


def test_line_breaks_of_docstrings_come_back() -> None:
    document = {"paths": {"/a": {"get": {"description": "<br/>One.<br><br>Two<br>lines."}}}}
    ((operation,),) = [group.operations for group in reference.groups(document, "")]
    assert prose.prose(operation.description) == "<p>One.</p><p>Two lines.</p>"


def test_a_schema_that_contains_itself_ends() -> None:
    schemas = Schemas(OPENAPI)
    problem = {"$ref": "#/components/schemas/Problem"}
    assert [row.name for row in schemas.rows(problem)] == ["title", "status", "detail", "parent"]
    assert schemas.example(problem)["parent"]["parent"]["title"] == "…"


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"type": "string", "examples": ["a"], "default": "b"}, "a"),
        ({"const": 3}, 3),
        ({"enum": ["x", "y"]}, "x"),
        ({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 1}], "default": None}, 1),
        ({"type": ["string", "null"]}, "…"),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        ({"type": "object"}, {}),
        (
            {"properties": {"a": {"type": "integer"}, "b": {"default": "x"}, "c": {}}, "required": ["a"]},
            {"a": 0, "b": "x"},
        ),
        ({"properties": {"a": {"type": "null"}, "b": {"type": "string"}}}, {"a": None, "b": "…"}),
    ],
)
def test_examples(schema: dict[str, Any], example: Any) -> None:
    assert Schemas({}).example(schema) == example


def test_prose_escapes_all_but_backticks() -> None:
    text = "Send `<b>` now.\n\n<script>alert(1)</script>\nsecond line"
    assert prose.prose(text) == (
        "<p>Send <code>&lt;b&gt;</code> now.</p><p>&lt;script&gt;alert(1)&lt;/script&gt; second line</p>"
    )
