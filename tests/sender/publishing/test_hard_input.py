"""Input that is JSON but cannot be passed on, or is very large: refused in words, and nothing is stored."""

from __future__ import annotations

import json

import pytest

from tests.sender.conftest import TOKEN
from tests.sender.visitor import Visitor
from tests.visitor import text_of

SURROGATE, HUGE = b'"\\ud800"', b"1e400"

WEBHOOK = {"url": "https://example.com/", "event_types": ["payment_received"]}


def post(app, path, body):
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    return app.test_client().post(path, data=body, headers=headers)


@pytest.mark.parametrize("value", [SURROGATE, HUGE])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/events", b'{"type": "payment_received", "payload": {"a": %s}}'),
        ("/api/v1/events/batch", b'{"events": [{"type": "payment_received", "payload": {"a": %s}}]}'),
        ("/api/v1/event-types", b'{"slug": "own.type", "name": "n", "example": {"a": %s}}'),
        ("/api/v1/webhooks", b'{"name": %s, "url": "https://example.com/", "event_types": ["*"]}'),
    ],
)
def test_the_api_refuses_it(app, api, path, body, value):
    answer = post(app, path, body % value)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert api("GET", "/api/v1/events")[1]["items"] == []
    assert api("GET", "/api/v1/event-types/own.type")[0] == 404


@pytest.mark.parametrize(("count", "status"), [(262_142, 202), (262_143, 413)])
def test_a_payload_is_measured_in_bytes_as_it_is_sent(api, count, status):
    """A mebibyte of characters of four bytes."""
    assert api("POST", "/api/v1/events", {"type": "payment_received", "payload": {"a": "😀" * count}})[0] == status


@pytest.mark.parametrize(("length", "status"), [(255, 202), (256, 422)])
def test_an_idempotency_key_has_255_characters_at_most(api, length, status):
    event = {"type": "payment_received", "payload": {}}
    assert api("POST", "/api/v1/events", event, Idempotency_Key="k" * length)[0] == status


@pytest.mark.parametrize("value", [SURROGATE.decode(), HUGE.decode()])
def test_the_pages_refuse_it_beside_the_field_and_keep_the_text(app, value):
    visitor = Visitor(app)
    text = f'{{"mine": {value}}}'
    answer = visitor.post("/send", type="payment_received", payload=text)
    assert answer.status_code == 422
    assert "This is not valid JSON" in text_of(answer)
    assert "mine" in text_of(answer)
    answer = visitor.post("/event-types/new", slug="own.type", name="n", description="", example=text, schema="")
    assert answer.status_code == 422
    assert visitor.get("/webhooks").status_code == 200


def test_the_catalogue_comes_in_pages(api):
    _, first = api("GET", "/api/v1/event-types?limit=30")
    _, rest = api("GET", f"/api/v1/event-types?limit=30&cursor={first['next_cursor']}")
    slugs = [kind["slug"] for page in (first, rest) for kind in page["items"]]
    assert (len(first["items"]), rest["next_cursor"]) == (30, None)
    assert slugs == [kind["slug"] for kind in api("GET", "/api/v1/event-types")[1]["items"]]
    assert api("GET", "/api/v1/event-types?cursor=none.such")[0] == 422
    assert api("GET", "/api/v1/event-types?limit=abc")[0] == 422


def test_the_catalogue_goes_on_after_a_type_that_is_retired_meanwhile(api):
    _, first = api("GET", "/api/v1/event-types?limit=30")
    expected = api("GET", f"/api/v1/event-types?cursor={first['next_cursor']}")
    assert api("DELETE", f"/api/v1/event-types/{first['next_cursor']}")[0] == 204
    assert api("GET", f"/api/v1/event-types?cursor={first['next_cursor']}") == expected


def test_an_inferred_schema_follows_its_example_and_an_edited_one_stays(app, api):
    visitor = Visitor(app)
    own = {"slug": "own.type", "name": "Own", "description": "", "example": '{"order": 1}', "schema": ""}
    visitor.post("/event-types/new", **own)
    schema = visitor.get("/event-types/own.type/edit")
    assert "order" in schema.text
    kept = api("GET", "/api/v1/event-types/own.type")[1]["schema"]
    changed = own | {"example": '{"other": "x"}', "schema": json.dumps(kept)}
    assert visitor.post("/event-types/own.type/edit", **changed).status_code == 200
    now = api("GET", "/api/v1/event-types/own.type")[1]
    assert (now["example"], list(now["schema"]["properties"])) == ({"other": "x"}, ["other"])


def test_a_webhook_can_be_set_up_before_anything_is_sent(app, api, sink):
    visitor = Visitor(app)
    page = visitor.post("/webhooks", name="Careful", url=sink.url(), event="payment_received", then="set-up")
    assert "is added and paused" in text_of(page)
    (webhook,) = api("GET", "/api/v1/webhooks")[1]["items"]
    assert webhook["state"] == "paused"


def test_a_glob_that_fits_nothing_is_kept_but_told(app, api, sink):
    hook = api.webhook(sink.url(), event_types=["payment.*", "membership_*"])
    (words,) = hook["warnings"]
    assert words.startswith("payment.* fits no event type that there is yet.")
    changed = api("PATCH", f"/api/v1/webhooks/{hook['id']}", {"event_types": ["zzz_*"]})[1]
    assert changed["warnings"] == ["zzz_* fits no event type that there is yet."]


def test_all_that_is_wrong_with_a_webhook_is_said_at_once(app, api, sink):
    hook = api.webhook(sink.url())
    fields = {"name": "", "url": "ftp://x", "globs": "paymnt_recieved", "headers": "Host: x\nbroken line"}
    fields |= {
        "integration": "manual",
        "body_format": "flat",
        "scheme": "standard",
        "secret": "short",
        "rate_limit": "x",
        "max_in_flight": "-3",
    }
    page = text_of(Visitor(app).post(f"/webhooks/{hook['id']}", **fields))
    for words in (
        "Give it a name",
        "Did you mean payment_received?",
        "Line 2: write it as Name: value.",
        "Write it as a whole number.",
        "Allow 1 to 512 requests at the same time.",
        "whsec_",
    ):
        assert words in page, words


def test_a_name_of_several_lines_or_with_control_characters_is_refused(api, visitor):
    message = "Leave out line breaks and control characters."
    for odd in "\n\r\t\x0b\x1b\x1c\x7f\x85\u2028\u2029":
        status, problem = api("POST", "/api/v1/webhooks", WEBHOOK | {"name": f"Bil{odd}ling"})
        assert (status, problem["errors"]) == (422, [{"field": "name", "message": message}])
    page = visitor.post("/webhooks", name="Bil\u2028ling", url=WEBHOOK["url"], event="payment_received", then="set-up")
    assert message in page.text


def test_other_names_are_taken(api):
    for name in ("Büro 🧑\u200d💻", " padded\n", "שלום", "a\u00a0b"):
        status, webhook = api("POST", "/api/v1/webhooks", WEBHOOK | {"name": name})
        assert (status, webhook["name"]) == (201, name.strip())
