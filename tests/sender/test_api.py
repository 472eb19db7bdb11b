"""The sender as a program uses it: register, publish, look at what was delivered."""

from __future__ import annotations

import base64

import pytest
from standardwebhooks import Webhook

from sender.catalogue import BUILT_IN


def test_nothing_is_answered_without_the_token(app):
    assert app.test_client().get("/api/v1/webhooks").status_code == 401


def test_bad_input_is_named_field_by_field(api):
    status, problem = api(
        "POST", "/api/v1/webhooks", {"name": "", "url": "ftp://x", "event_types": ["payment_recieved"]}
    )
    assert status == 422
    assert [error["field"] for error in problem["errors"]] == ["name", "url", "event_types"]
    assert "Did you mean payment_received?" in problem["errors"][2]["message"]


def test_a_test_event_goes_the_real_path_and_verifies(api, sink):
    webhook = api.webhook(sink.url(), headers={"X-Own": "1"})
    status, delivery = api("POST", f"/api/v1/webhooks/{webhook['id']}/test", {})
    assert (status, delivery["state"], delivery["test"]) == (200, "succeeded", True)
    headers, body = sink.requests[0]
    sent = delivery["attempts"][0]["request"]
    assert [tuple(pair) for pair in sent["headers"]] == headers
    assert base64.b64decode(sent["body_base64"]) == body
    Webhook(webhook["secret"]).verify(body, {name.lower(): value for name, value in headers})


@pytest.mark.parametrize(("status", "outcome"), [(500, "http_status"), (302, "http_status"), (204, "succeeded")])
def test_the_answer_of_a_test_is_told_as_it_was(api, sink, status, outcome):
    webhook = api.webhook(sink.url(status))
    _, delivery = api("POST", f"/api/v1/webhooks/{webhook['id']}/test", {})
    attempt = delivery["attempts"][0]
    assert (attempt["outcome"], attempt["response"]["status"]) == (outcome, status)


def test_a_private_target_is_refused_when_it_is_saved(api):
    status, problem = api("POST", "/api/v1/webhooks", {"name": "x", "url": "http://127.0.0.1:1/", "event_types": ["*"]})
    assert status == 422
    assert problem["errors"][0]["field"] == "url"


def test_an_event_reaches_each_webhook_that_wants_it(api, sink, worker):
    wanting = api.webhook(sink.url(), event_types=["payment_*"])
    api.webhook(sink.url(), event_types=["customer_created"])
    status, accepted = api("POST", "/api/v1/events", {"type": "payment_received", "payload": {"a": 1}})
    assert status == 202
    assert [row["webhook_id"] for row in accepted["deliveries"]] == [wanting["id"]]
    assert api.finished(1)[0]["state"] == "succeeded"


def test_a_failing_endpoint_is_tried_again_then_given_up(api, sink, worker):
    api.webhook(sink.url(500))
    api("POST", "/api/v1/events", {"type": "payment_received", "payload": {}})
    delivery = api.finished(1)[0]
    assert (delivery["state"], [a["number"] for a in delivery["attempts"]]) == ("failed", [1, 2])
    ids = {dict(headers)["webhook-id"] for headers, _ in sink.requests}
    assert ids == {delivery["event_id"]}


def test_the_same_key_again_sends_nothing_and_another_content_is_refused(api, sink):
    api.webhook(sink.url())
    event = {"type": "payment_received", "payload": {"a": 1}}
    first = api("POST", "/api/v1/events", event, Idempotency_Key="k")
    assert api("POST", "/api/v1/events", event, Idempotency_Key="k") == first
    assert len(api("GET", "/api/v1/deliveries")[1]["items"]) == 1
    assert api("POST", "/api/v1/events", event | {"payload": {}}, Idempotency_Key="k")[0] == 409


def test_a_paused_webhook_is_not_owed_what_is_published_meanwhile(api, sink):
    webhook = api.webhook(sink.url())
    path = f"/api/v1/webhooks/{webhook['id']}"
    api("PATCH", path, {"active": False})
    _, accepted = api("POST", "/api/v1/events", {"type": "payment_received", "payload": {}})
    assert accepted["deliveries"] == []
    assert api("PATCH", path, {"active": True})[1]["state"] == "active"


def test_410_ends_the_webhook(api, sink):
    _, hook = api("POST", "/api/v1/hooks", {"target_url": sink.url(410), "event": "payment_received"})
    api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})
    assert api("GET", f"/api/v1/webhooks/{hook['id']}")[1]["state"] == "disabled"
    assert api("DELETE", f"/api/v1/hooks/{hook['id']}")[0] == 204


def test_all_31_built_in_event_types_arrive_as_recorded(api, sink):
    webhook = api.webhook(sink.url(), event_types=["*"])
    for slug in BUILT_IN:
        _, delivery = api("POST", f"/api/v1/webhooks/{webhook['id']}/test", {"event_type": slug})
        headers, body = sink.requests[-1]
        sent = delivery["attempts"][0]["request"]
        assert [tuple(pair) for pair in sent["headers"]] == headers
        assert base64.b64decode(sent["body_base64"]) == body
        Webhook(webhook["secret"]).verify(body, {name.lower(): value for name, value in headers})
    assert len(sink.requests) == 31


def test_a_custom_event_type_infers_its_schema_and_can_be_retired(api):
    status, kind = api("POST", "/api/v1/event-types", {"slug": "a.b", "name": "AB", "example": {"n": 1}})
    assert (status, kind["schema"]["properties"]) == (201, {"n": {"type": "integer"}})
    assert api("DELETE", "/api/v1/event-types/a.b")[0] == 204
    assert api("POST", "/api/v1/events", {"type": "a.b", "payload": {}})[0] == 422


def test_the_service_describes_and_measures_itself(api):
    for path in ("/readyz", "/openapi.json"):
        assert api("GET", path)[0] == 200
