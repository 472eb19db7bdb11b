"""Odd but well-formed input at every door of both services, on both databases: never an error of ours (5xx)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, product
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from tests.databases import empty_database
from tests.shared.services import BEARER, SERVICES, application, routes

NUL = "%00"
ENDPOINT = "http://127.0.0.1:9/"  # nobody listens there
EARLY, LATE, DIGITS = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9" * 5000
TEXTS = ("", EARLY, LATE, DIGITS, f"-{DIGITS}", str(2**63), "1e400", "nan", "\ufffd", "%", "'", "x" * 20_000)
VALUES = (
    *(json.dumps(text) for text in TEXTS),
    *("null", "true", "0", "-1", DIGITS, str(2**31), str(2**63), str(-(2**63) - 1), "1" + "0" * 400, "1e30", "1e400"),
    *('"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"', '["\\u0000"]', '{"\\u0000": "\\u0000"}'),
    *("[]", "{}", "[null]", '{"": null}', '{"$ref": "#"}', '{"type": "object", "properties": {"a": {"$ref": "#"}}}'),
    *("[" * depth + "]" * depth for depth in (190, 400, 5000)),
    *('{"a":' * depth + "0" + "}" * depth for depth in (190, 400, 5000)),
)
PAGE_QUERIES = ("next", "after", "all", "rate", "confirmed")  # what only pages read; the API's are documented
_numbers = count(1)


@dataclass(frozen=True)
class Caller:
    """Calls a service with the admin token, and knows what there is in it."""

    app: Flask
    name: str
    values: dict[str, str]

    def __call__(self, method: str, path: str, **options: Any) -> Any:
        headers = BEARER | options.pop("headers", {})
        return self.app.test_client().open(path, method=method, headers=headers, **options)

    def json(self, method: str, path: str, body: str) -> Any:
        return self(method, path, data=body, headers={"Content-Type": "application/json"})

    def document(self) -> dict[str, Any]:
        return self("GET", "/openapi.json").get_json()

    def value(self, path: str, name: str) -> str | None:
        """Return what a variable of a path can be so that something is there."""
        kind = path.removeprefix("/api/v1").split("/")[1]
        return self.values.get(f"{kind}.{name}") or self.values.get(name)


@pytest.fixture(scope="module", params=product(SERVICES, ("sqlite", "postgresql")), ids="-".join)
def caller(request, tmp_path_factory):
    name, kind = request.param
    folder = tmp_path_factory.mktemp(name)
    with (
        empty_database(kind, request, folder) as url,
        application(name, folder, database_url=url, allowed_targets_text="127.0.0.1") as app,
    ):
        caller = Caller(app, name, {})
        fill(caller)
        yield caller


def fill(caller: Caller) -> None:
    """Put one of each thing into a service, for the caller to name."""
    (_fill_sender if caller.name == "sender" else _fill_receiver)(caller)


def _fill_sender(caller: Caller) -> None:
    hook = caller("POST", "/api/v1/webhooks", json={"name": "Odd", "url": ENDPOINT, "event_types": ["*"]}).get_json()
    event = caller("POST", "/api/v1/events", json={"type": "payment_received", "payload": {}}).get_json()
    delivery = next(one for one in event["deliveries"] if one["webhook_id"] == hook["id"])
    caller("POST", f"/api/v1/deliveries/{delivery['id']}/cancel")
    replay = caller("POST", "/api/v1/replays", json={"since": "2020-01-01T00:00:00Z"}).get_json()
    kind = {"slug": f"own.n{next(_numbers)}", "name": "Own", "example": {}}
    assert caller("POST", "/api/v1/event-types", json=kind).status_code == 201
    ids = {"webhooks": hook["id"], "events": event["id"], "deliveries": delivery["id"], "replays": replay["id"]}
    caller.values.update({f"{kind}.id": one for kind, one in ids.items()})
    caller.values.update(webhook_id=hook["id"], delivery_id=delivery["id"], replay_id=replay["id"], slug=kind["slug"])


def _fill_receiver(caller: Caller) -> None:
    owner = caller("POST", "/api/v1/bins", json={"slug": f"odd-{next(_numbers)}"}).get_json()
    capture = caller("POST", f"/b/{owner['slug']}/{NUL}?a={NUL}", data=b"\0").get_json()
    caller.values.update({"id": owner["slug"], "slug": owner["slug"], "request_id": capture["id"]})


def paths_with_nul(caller: Caller) -> Iterator[tuple[str, str]]:
    """Yield method and path of every route, with a NUL for each of its variables in turn and the rest real."""
    for rule, method, names in _rules(caller.app):
        for odd in names:
            path = rule
            for name in names:
                there = caller.value(rule, name) or "nothing-of-this-name"
                path = path.replace(names[name], NUL if name == odd else there)
            yield method, path


def _rules(app: Flask) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield each rule with its variables of free text: their names, and how they stand in the rule."""
    for rule in app.url_map.iter_rules():
        text = rule.rule.replace("<int:number>", "1")
        for converter in rule._converters.values():
            if options := getattr(converter, "items", None):
                start = text.index("<any(")
                text = text[:start] + min(options) + text[text.index(">", start) + 1 :]
        free = {name: f"<{name}>" for name in rule.arguments if f"<{name}>" in text}
        free |= {"filename": "<path:filename>"} if "<path:filename>" in text else {}
        for method in sorted(rule.methods or ()):
            yield text, method, free


def documented_queries(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield method, path and name of each query parameter of the API."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query":
                    yield method.upper(), path, parameter["name"]


def there(caller: Caller, path: str) -> str:
    """Return a path of the API's document with variables that lead somewhere."""
    return re.sub(r"\{(\w+)\}", lambda name: caller.value(path, name[1]) or "nothing-of-this-name", path)


def assert_refused(answer, *where):
    assert answer.status_code == 400, (*where, answer.status)
    assert "NUL" in answer.text or where[0] == "HEAD", where


def test_a_nul_in_a_path_is_refused_on_every_route(caller):
    walked = list(paths_with_nul(caller))
    assert len(walked) > 50, "these can't be all"
    for method, path in walked:
        assert_refused(caller(method, path), method, path)


def test_a_nul_in_a_query_is_refused_on_every_route(caller):
    names = {name for _, _, name in documented_queries(caller.document())} | set(PAGE_QUERIES)
    assert len(names) > 6, "these can't be all"
    for _, method, path in routes(caller.app):
        if method == "GET":
            for name in names:
                assert_refused(caller(method, f"{path}?{name}=a{NUL}"), method, path, name)
                assert_refused(caller(method, f"{path}?{name}{NUL}=a"), method, path, name)


def test_a_nul_in_a_form_is_refused_on_every_page(caller):
    for _, method, path in routes(caller.app):
        if method == "POST" and not path.startswith("/api/"):
            assert_refused(caller(method, path, data={"name": "a\0"}), method, path)


def test_the_page_and_the_api_say_what_a_nul_is(caller):
    problem = caller("GET", f"/api/v1/anything/{NUL}")
    assert problem.content_type == "application/problem+json"
    assert problem.get_json()["detail"] == "The address holds a NUL character (%00); nothing here has one in its name."
    page = caller("POST", "/bins", data={"slug": "\0"}, headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (400, "text/html")
    assert "The field slug holds a NUL character" in page.text


def test_whoever_has_no_token_learns_nothing_by_a_nul(caller):
    assert caller.app.test_client().get(f"/api/v1/anything/{NUL}").status_code == 401


def test_no_odd_value_of_a_query_is_an_error_of_ours(caller):
    queries = list(documented_queries(caller.document()))
    assert len(queries) > 4, "these can't be all"
    for (method, path, name), text in product(queries, TEXTS):
        answer = caller(method, f"{there(caller, path)}?{name}={quote(text)}")
        assert answer.status_code < 500, (method, path, name, text[:40])


def test_no_odd_value_in_a_body_is_an_error_of_ours(caller):
    bodies = list(json_bodies(caller.document()))
    assert len(bodies) > 4, "these can't be all"
    faults = []
    for method, path, schema in bodies:
        fill(caller)
        plain = caller.json(method, there(caller, path), json.dumps(schema.plain()))
        assert plain.status_code < 300, (method, path, plain.text)  # the others get as far
        for field, body in schema.odd_bodies():
            answer = caller.json(method, there(caller, path), body)
            is_told = answer.status_code < 300 or answer.content_type == "application/problem+json"
            if answer.status_code >= 500 or not is_told:
                faults.append((method, path, field, body[:200], answer.status))
    assert faults == []
    _assert_all_is_still_shown(caller)


def _assert_all_is_still_shown(caller: Caller) -> None:
    """What was taken can be read again: no page and no list breaks on what is stored."""
    for rule, method, names in _rules(caller.app):
        if method == "GET" and "/stream" not in rule:
            path = rule
            for name in names:
                path = path.replace(names[name], caller.value(rule, name) or "nothing-of-this-name")
            answer = caller(method, path)
            assert answer.status_code < 500, (path, answer.text[:300])


@dataclass(frozen=True)
class Body:
    """The JSON body of an operation, as the API's document describes it."""

    schema: dict[str, Any]
    parts: dict[str, Any]

    def plain(self) -> Any:
        """Return a body that is accepted, of what must be given."""
        return self._plain(self.schema, "")

    def odd_bodies(self) -> Iterator[tuple[str, str]]:
        """Yield each field, the body itself included, with a body that holds an odd value there."""
        for (field, body), value in product([("", "@"), *self._marked(self.schema, "")], VALUES):
            yield field, json.dumps(body).replace('"@"', value)

    def _marked(self, schema: dict[str, Any], name: str) -> Iterator[tuple[str, Any]]:
        """Yield each field of an object, however deep, with the object that has `@` there."""
        schema = self._resolved(schema)
        for key, inner in schema.get("properties", {}).items():
            yield key, self._plain(schema, name) | {key: "@"}
            for below, value in self._marked(inner, key):
                yield f"{key}.{below}", self._plain(schema, name) | {key: value}
        if "items" in schema:
            yield "[]", ["@"]
            for below, value in self._marked(schema["items"], name):
                yield f"[].{below}", [value]
        if schema.get("additionalProperties"):
            yield "{}", {"x-odd": "@"}

    def _plain(self, schema: dict[str, Any], name: str) -> Any:
        if name in ("url", "target_url"):
            return ENDPOINT
        if name in ("type", "event"):
            return "payment_received"
        if name == "event_types":
            return ["odd.*"]  # no event: what is published goes to one webhook, not to hundreds
        if name == "slug":
            return f"odd-{next(_numbers)}"
        schema = self._resolved(schema)
        if schema.get("examples"):
            return schema["examples"][0]
        match schema.get("type"):
            case "object":
                wanted = schema.get("required", ())
                return {key: self._plain(schema["properties"][key], key) for key in wanted}
            case "array":
                return [self._plain(schema["items"], name)]
            case "integer":
                return 1
        return "2020-01-01T00:00:00Z" if schema.get("format") == "date-time" else "odd"

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema that a reference names, or the first choice that is not null."""
        if "anyOf" in schema:
            schema = schema | next(one for one in schema["anyOf"] if one.get("type") != "null")
        if "$ref" in schema:
            return self._resolved(self.parts[schema["$ref"].rpartition("/")[2]])
        return schema


def json_bodies(document: dict[str, Any]) -> Iterator[tuple[str, str, Body]]:
    """Yield method, path and body of each operation of the API that takes one."""
    parts = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if content := operation.get("requestBody", {}).get("content"):
                yield method.upper(), path, Body(content["application/json"]["schema"], parts)
