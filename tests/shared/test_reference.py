"""What `/openapi.json` of both services says about an operation is what the operation does."""

from __future__ import annotations

import re

import pytest

from shared.web.problems import ProblemModel
from tests.shared.services import BEARER, SERVICES, application

JSON = {"Content-Type": "application/json"}
PROBLEM = "application/problem+json"
PROBLEM_SCHEMA = {"$ref": "#/components/schemas/ProblemModel"}


@pytest.fixture(scope="module", params=SERVICES)
def app(request, tmp_path_factory):
    with application(request.param, tmp_path_factory.mktemp(request.param)) as app:
        yield app


@pytest.fixture(scope="module")
def document(app):
    return app.test_client().get("/openapi.json", headers=BEARER).get_json()


@pytest.fixture(scope="module")
def operations(document):
    """Method, path and description of every operation."""
    found = [
        (method, path, spec)
        for path, item in document["paths"].items()
        for method, spec in item.items()
        if isinstance(spec, dict)
    ]
    assert len(found) > 10, "these can't be all"
    return found


def places(spec):
    return {parameter["in"] for parameter in spec.get("parameters", ())}


def test_what_is_code_in_the_descriptions_is_set_as_code_on_the_page(app):
    page = app.test_client().get("/docs", headers=BEARER).text
    assert "`" not in re.sub(r"<pre.*?</pre>", "", page, flags=re.DOTALL)


def test_every_operation_says_how_it_succeeds_and_how_it_refuses(operations):
    for method, path, spec in operations:
        told = spec["responses"]
        where = (method, path, sorted(told))
        assert [status for status in told if status.startswith("2")], where
        assert {"400", "503"} <= told.keys(), where
        assert ("401" in told) is bool(spec.get("security")), where
        assert ("404" in told) is ("path" in places(spec)), where
        assert ("413" in told) is ("415" in told) is (method in ("post", "put", "patch")), where
        if "requestBody" in spec or "query" in places(spec):
            assert "422" in told, where


def test_every_refusal_is_a_problem_document(document, operations):
    assert document["components"]["schemas"]["ProblemModel"].keys() >= {"title", "properties"}
    assert document["components"]["schemas"]["ProblemModel"]["properties"].keys() == ProblemModel.model_fields.keys()
    for method, path, spec in operations:
        for status, answer in spec["responses"].items():
            if status >= "400":
                assert answer["content"] == {PROBLEM: {"schema": PROBLEM_SCHEMA}}, (method, path, status)
                assert answer["description"].endswith("."), (method, path, status)


def test_what_is_refused_is_refused_as_documented(app, operations):
    client = app.test_client()
    large = {"data": b'{"a": "' + b"x" * app.config["MAX_CONTENT_LENGTH"] + b'"}', "headers": BEARER | JSON}
    for method, path, spec in operations:
        there = path.replace("{", "nothing-").replace("}", "")
        answers = [
            client.open(there, method=method),
            client.open(there, method=method, headers=BEARER, json={"unknown": 1} if "requestBody" in spec else None),
            client.open(f"{there}?limit=x&cursor=%00", method=method, headers=BEARER),
        ]
        assert answers[0].status_code == 401, (method, path)
        if method in ("post", "put", "patch"):
            bad = [large, {"data": "a=b", "headers": BEARER}, {"data": "{", "headers": BEARER | JSON}]
            answers += [client.open(there, method=method, **options) for options in bad]
            assert [answer.status_code for answer in answers[-3:]] == [413, 415, 400], (method, path)
        for answer in answers:
            documented = spec["responses"].get(str(answer.status_code))
            assert documented, (method, path, answer.status)
            if answer.status_code >= 400:
                assert answer.content_type == PROBLEM, (method, path, answer.status)


def test_a_body_is_required_exactly_where_one_is_asked_for(app, operations):
    client = app.test_client()
    required = {}
    for method, path, spec in operations:
        if "requestBody" in spec:
            answer = client.open(path.replace("{", "nothing-").replace("}", ""), method=method, headers=BEARER)
            missing = [fault["field"] for fault in (answer.get_json().get("errors") or [])] == ["body"]
            required[method, path] = spec["requestBody"]["required"]
            assert missing is required[method, path], (method, path, answer.get_json())
    assert any(required.values())
    if "sender" in app.import_name:
        prefix = "/api/v1/webhooks/{id}"
        for path in (f"{prefix}/secret/rotate", f"{prefix}/test", "/api/v1/deliveries/{id}/resend"):
            assert required["post", path] is False


def test_what_the_present_state_forbids_is_documented(app, document):
    told = {
        (method, path)
        for path, item in document["paths"].items()
        for method, spec in item.items()
        if "409" in spec["responses"]
    }
    if "receiver" in app.import_name:
        assert told == {("post", "/api/v1/bins")}
        return
    assert told == {
        ("get", "/api/v1/webhooks/{id}/secret"),
        ("post", "/api/v1/webhooks/{id}/permission"),
        ("post", "/api/v1/webhooks/{id}/retry"),
        ("post", "/api/v1/deliveries/{id}/resend"),
        ("post", "/api/v1/deliveries/{id}/retry"),
        ("post", "/api/v1/deliveries/{id}/cancel"),
        ("post", "/api/v1/event-types"),
        ("patch", "/api/v1/event-types/{slug}"),
        ("post", "/api/v1/events"),
        ("post", "/api/v1/events/batch"),
    }
    sample = document["paths"]["/api/v1/hooks/sample"]["get"]["responses"]["200"]["content"]["application/json"]
    assert sample["schema"]["type"] == "array"
