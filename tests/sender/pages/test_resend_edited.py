"""Resending with an edited payload: a new event for one webhook that says where it came from."""

from __future__ import annotations

import html
import json
import re

import pytest
from standardwebhooks import Webhook

from sender.models import Event
from tests.visitor import text_of


def sent(api, sink, worker, status=200, payload=None):
    """A webhook and the finished delivery of one event."""
    webhook = api.webhook(sink.url(status))
    api("POST", "/api/v1/events", {"type": "payment_received", "payload": payload or {"amount": 1}})
    return webhook, api.finished(1)[0]


def test_it_is_a_new_event_delivered_to_that_webhook_alone(api, sink, worker):
    webhook, old = sent(api, sink, worker)
    api.webhook(sink.url(), event_types=["*"])
    status, delivery = api("POST", f"/api/v1/deliveries/{old['id']}/resend", {"payload": {"amount": 2}})
    assert status == 202
    assert delivery["event_id"] != old["event_id"]
    assert (delivery["webhook_id"], delivery["resend_of"], delivery["test"]) == (webhook["id"], None, False)
    event = api("GET", f"/api/v1/events/{delivery['event_id']}")[1]
    assert (event["type"], event["payload"], event["derived_from"]) == (
        old["event_type"],
        {"amount": 2},
        old["event_id"],
    )
    assert [row["id"] for row in event["deliveries"]] == [delivery["id"]]
    before = api("GET", f"/api/v1/events/{old['event_id']}")[1]
    assert (before["payload"], before["derived_from"], len(before["deliveries"])) == ({"amount": 1}, None, 1)
    sink.wait_for(2)
    headers, body = sink.requests[1]
    given = {name.lower(): value for name, value in headers}
    assert given["webhook-id"] == event["id"]
    assert json.loads(body)["data"] == {"amount": 2}
    Webhook(webhook["secret"]).verify(body, given)


def test_of_a_test_it_is_a_test_again(api, sink, hook):
    test = api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})[1]
    edited = api("POST", f"/api/v1/deliveries/{test['id']}/resend", {"payload": {"amount": 2}})[1]
    assert (test["test"], edited["test"]) == (True, True)
    assert api("GET", f"/api/v1/events/{edited['event_id']}")[1]["test"] is True


def test_warnings_say_where_it_departs_from_the_schema(api, sink, worker):
    _, old = sent(api, sink, worker)
    _, delivery = api("POST", f"/api/v1/deliveries/{old['id']}/resend", {"payload": {"payment_id": "x"}})
    assert "payment_id" in {warning["field"] for warning in delivery["warnings"]}


@pytest.mark.parametrize("body", [None, {}, {"payload": None}])
def test_without_a_payload_or_with_null_it_is_the_same_event_again(api, sink, worker, body):
    _, old = sent(api, sink, worker)
    status, delivery = api("POST", f"/api/v1/deliveries/{old['id']}/resend", body)
    assert status == 202
    assert (delivery["event_id"], delivery["resend_of"], delivery["warnings"]) == (old["event_id"], old["id"], [])


def test_what_cannot_be_resent_cannot_be_edited_either(api, past, sink):
    webhook = api.webhook(sink.url())
    edited = {"payload": {}}
    owed = past.delivery(past.event(1), webhook["id"], "pending", 1)
    done = past.delivery(past.event(1), webhook["id"], "failed", 1)
    ours = past.delivery(past.event(1, "webhook.failing"), webhook["id"], "failed", 1, event_type="webhook.failing")
    before = past.ids(Event)
    assert api("POST", f"/api/v1/deliveries/{owed}/resend", edited)[0] == 409
    assert api("POST", f"/api/v1/deliveries/{ours}/resend", edited)[0] == 409
    assert api("POST", f"/api/v1/deliveries/{ours}/resend")[0] == 202
    assert api("POST", "/api/v1/deliveries/dlv_none/resend", edited)[0] == 404
    assert api("POST", f"/api/v1/deliveries/{done}/resend", {"payload": {"text": "x" * 1_048_577}})[0] == 413
    for wrong in ({"payload": [1]}, {"payload": "text"}, {"surprise": 1}):
        assert api("POST", f"/api/v1/deliveries/{done}/resend", wrong)[0] == 422
    api("PATCH", f"/api/v1/webhooks/{webhook['id']}", {"active": False})
    assert api("POST", f"/api/v1/deliveries/{done}/resend", edited)[0] == 409
    assert past.ids(Event) == before


def test_the_page_starts_from_the_payload_and_says_what_it_was_edited_from(api, sink, worker, visitor):
    _, old = sent(api, sink, worker, payload={"number": 12345678901234567890, "name": "Zoë </textarea>"})
    page = visitor.get(f"/deliveries/{old['id']}").text
    path = re.search(r'href="(/deliveries/[^"]+/edit)"', page)[1]
    shown = re.search(r"<textarea[^>]*>(.*?)</textarea>", visitor.get(path).text, re.DOTALL)[1]
    assert json.loads(html.unescape(shown)) == {"number": 12345678901234567890, "name": "Zoë </textarea>"}
    answer = visitor.post(path, payload='{"number": 2}')
    assert "on its way" in text_of(answer)
    assert "departs from the schema" in text_of(answer)
    assert re.search(rf"Edited from.*{old['event_id']}", answer.text, re.DOTALL)


def test_what_is_no_payload_is_told_beside_the_field_and_kept(api, sink, worker, visitor):
    _, old = sent(api, sink, worker)
    for payload in ("{", "[1]", '{"a": "' + "x" * 1_048_577 + '"}'):
        answer = visitor.post(f"/deliveries/{old['id']}/edit", payload=payload)
        assert answer.status_code in (413, 422)
        assert 'id="f-payload-error"' in answer.text


def test_a_delivery_under_way_is_not_edited(api, past, sink, visitor):
    owed = past.delivery(past.event(1), api.webhook(sink.url())["id"], "pending", 1)
    for answer in (
        visitor.client.get(f"/deliveries/{owed}/edit", follow_redirects=True),
        visitor.post(f"/deliveries/{owed}/edit", payload="{}"),
    ):
        assert "still under way" in text_of(answer)
    assert visitor.get("/deliveries/dlv_none/edit").status_code == 404


def test_what_was_typed_is_kept_when_the_webhook_was_paused_meanwhile(api, past, sink, visitor):
    webhook = api.webhook(sink.url(), name="Anna's \\ Sons")["id"]
    path = f"/deliveries/{past.delivery(past.event(1), webhook, 'failed', 1)}/edit"
    assert visitor.get(path).status_code == 200
    api("PATCH", f"/api/v1/webhooks/{webhook}", {"active": False})
    refused = visitor.post(path, payload='{"typed": "with care"}')
    assert refused.status_code == 409
    assert "Anna's \\ Sons is paused; activate it first." in text_of(refused)
    assert "with care" in re.search(r"<textarea[^>]*>(.*?)</textarea>", refused.text, re.DOTALL)[1]
    api("PATCH", f"/api/v1/webhooks/{webhook}", {"active": True})
    assert "on its way" in text_of(visitor.post(path, payload='{"typed": "with care"}'))


def test_what_cannot_be_edited_is_not_offered_and_told_before_anything_is_typed(api, past, sink, visitor):
    webhook = api.webhook(sink.url())["id"]
    ours = past.delivery(past.event(1, "webhook.failing"), webhook, "failed", 1, event_type="webhook.failing")
    other = past.delivery(past.event(1), webhook, "failed", 1)
    assert "Edit and resend" in visitor.get(f"/deliveries/{other}").text
    shown = visitor.get(f"/deliveries/{ours}").text
    assert "<span>Resend</span>" in shown
    assert "Edit and resend" not in shown
    told = visitor.client.get(f"/deliveries/{ours}/edit", follow_redirects=True)
    assert "Only Hookloop itself says webhook.failing" in text_of(told)
    assert "<textarea" not in told.text
    api("DELETE", f"/api/v1/webhooks/{webhook}")
    shown = visitor.get(f"/deliveries/{other}").text
    assert "<span>Resend</span>" not in shown
    assert "Edit and resend" not in shown
    refused = visitor.post(f"/deliveries/{other}/edit", payload='{"typed": "with care"}')
    assert (refused.status_code, "with care" in refused.text) == (409, True)
