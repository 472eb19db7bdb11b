"""The sender's pages as a browser without scripts uses them."""

from __future__ import annotations

import html
import re

import pytest

from tests.sender.pages.webhook_forms import settings, stored
from tests.visitor import text_of


@pytest.mark.parametrize(
    "path",
    ["/webhooks", "/send", "/send?type=v1.plan_change", "/deliveries?state=failed", "/event-types", "/event-types/new"],
)
def test_every_page_shows(visitor, path):
    assert visitor.get(path).status_code == 200


def test_the_story_of_the_operator(visitor, sink):
    assert visitor.get("/").headers["Location"] == "/webhooks"
    page = visitor.post("/webhooks", name="My bin", url=sink.url(), event="payment_received").text
    assert "<span>Add New Webhook</span>" in page
    assert "<span>Send Test Event</span>" in page
    assert "Available events</h2>" in page
    answer = visitor.post(re.search(r'action="(/webhooks/whk_[^"]+/test)"', page)[1])
    assert "Delivered: 200" in text_of(answer)
    assert re.search(r"took [\d,]+ ms", text_of(answer))
    assert "ok" in re.search(r"<code class=\"hl\">(.*?)</code>", answer.text)[1]
    assert visitor.get(re.search(r'href="(/deliveries/dlv_[^"]+)"', answer.text)[1]).status_code == 200
    assert len(sink.requests) == 1
    assert "Delivered: 200" in text_of(visitor.get("/webhooks"))


def test_a_test_that_fails_says_why(visitor, api, sink):
    failing = api.webhook(sink.url(503))
    answer = text_of(visitor.post(f"/webhooks/{failing['id']}/test"))
    assert "Not delivered: the endpoint answered 503" in answer
    assert "503 Service Unavailable" in answer


def test_a_test_that_cannot_be_made_is_told(visitor, api, sink):
    none = api.webhook(sink.url(), event_types=["to_come_*"])
    answer = visitor.post(f"/webhooks/{none['id']}/test")
    assert answer.status_code == 422
    assert "Nothing was sent" in answer.text
    assert sink.requests == []


def test_a_wrong_url_is_told_beside_its_field_and_the_rest_is_kept(visitor):
    answer = visitor.post("/webhooks", name="Kept", url="ftp://x", event="*")
    assert answer.status_code == 422
    assert re.search(r'id="f-url-error".*must start with http', answer.text)
    assert 'value="Kept"' in answer.text
    assert '<option value="*" selected>' in answer.text


def test_a_form_without_its_token_changes_nothing(visitor, api):
    assert visitor.client.post("/webhooks", data={"name": "x"}).status_code == 400
    assert api("GET", "/api/v1/webhooks")[1]["items"] == []


def test_webhooks_are_found_by_words_state_and_integration(visitor, api, sink):
    api.webhook(sink.url(), name="Alpha", integration="crm")
    api.webhook(sink.url(), name="Beta", active=False)
    found = {
        query: {name for name in ("Alpha", "Beta") if f">{name}</a>" in visitor.get(f"/webhooks?{query}").text}
        for query in ("q=alp", "state=paused", "integration=crm", "q=nothing")
    }
    assert found == {"q=alp": {"Alpha"}, "state=paused": {"Beta"}, "integration=crm": {"Alpha"}, "q=nothing": set()}
    assert "No webhook fits" in visitor.get("/webhooks?q=nothing").text


def test_a_webhook_is_paused_resumed_and_deleted_after_a_yes(visitor, api, hook):
    path = f"/webhooks/{hook['id']}"
    visitor.post(f"{path}/pause")
    assert stored(api, hook)["active"] is False
    visitor.post(f"{path}/activate")
    assert stored(api, hook)["active"] is True
    assert "Delete Billing?" in visitor.post(f"{path}/delete").text
    assert visitor.get(path).status_code == 200
    visitor.post(f"{path}/delete", confirmed="1")
    assert visitor.get(path).status_code == 404


def test_several_webhooks_are_changed_at_once(visitor, api, sink):
    ids = [api.webhook(sink.url(), name=f"Hook {n}")["id"] for n in range(3)]
    assert "2 webhooks are paused" in visitor.post("/webhooks/bulk", ids=ids[:2], verb="pause").text
    states = {hook["id"]: hook["active"] for hook in api("GET", "/api/v1/webhooks")[1]["items"]}
    assert states == {ids[0]: False, ids[1]: False, ids[2]: True}
    asked = visitor.post("/webhooks/bulk", ids=ids[:2], verb="delete").text
    for webhook_id in ids[:2]:
        assert api("GET", f"/api/v1/webhooks/{webhook_id}")[1]["name"] in asked
    assert re.findall(r'name="ids" value="([^"]+)"', asked) == ids[:2]
    visitor.post("/webhooks/bulk", ids=ids[:2], verb="delete", confirmed="1")
    assert [hook["id"] for hook in api("GET", "/api/v1/webhooks")[1]["items"]] == [ids[2]]
    assert "Tick the webhooks first" in visitor.post("/webhooks/bulk", verb="pause").text


def test_all_settings_of_a_webhook_are_saved_and_shown(visitor, api, hook, sink):
    path = f"/webhooks/{hook['id']}"
    visitor.post(path, **settings(sink.url(201)))
    now = stored(api, hook)
    assert now["name"] == "Renamed"
    assert set(now["event_types"]) == {"payment_received", "site_published", "membership_*", "checkout_*"}
    assert (now["body_format"], now["integration"], now["active"]) == ("flat", "crm", True)
    page = html.unescape(visitor.get(path).text)
    assert "X-Api-Key: abc:def\nX-Team: billing" in page
    assert 'value="membership_* checkout_*"' in page
    visitor.post(path, **settings(sink.url(), active=None, was_active="1"))
    assert stored(api, hook)["active"] is False


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"headers": "no colon"}, "headers"),
        ({"headers": "Host: x"}, "headers"),
        ({"event_types": None, "globs": ""}, "event_types"),
        ({"globs": "payment_recieved"}, "globs"),
        ({"body_format": "xml"}, "body_format"),
        ({"scheme": "rot13"}, "scheme"),
        ({"secret": "short"}, "secret"),
        ({"name": " "}, "name"),
    ],
)
def test_what_is_wrong_with_settings_is_told_beside_the_field(visitor, api, hook, sink, changes, field):
    answer = visitor.post(f"/webhooks/{hook['id']}", **settings(sink.url(), **changes))
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.text
    assert 'value="crm"' in answer.text
    assert stored(api, hook)["name"] == "Billing"


def test_the_secret_is_shown_only_when_asked_for(visitor, hook):
    path = f"/webhooks/{hook['id']}"
    assert not re.search(r"whsec_\w{8}", visitor.get(path).text)
    assert re.search(r"<code>whsec_[\w+/=]{20,}</code>", visitor.post(f"{path}/secret").text)


def test_a_delivery_waits_is_cancelled_and_sent_again(visitor, api, hook):
    visitor.post("/send", type="payment_received", payload="{}")
    listed = visitor.get(f"/deliveries?webhook_id={hook['id']}&state=pending&event_type=payment_received").text
    path = re.search(r'href="(/deliveries/dlv_[^"]+)"', listed)[1]
    assert "<span>Cancel</span>" in visitor.get(path).text
    assert "The delivery is cancelled" in visitor.post(f"{path}/cancel").text
    assert "already been cancelled" in text_of(visitor.post(f"{path}/cancel"))
    again = visitor.post(f"{path}/resend", follow=False).headers["Location"]
    assert again != path
    assert "Resend of" in visitor.get(again).text
    assert "No delivery fits" in visitor.get("/deliveries?state=failed").text


def test_a_delivery_shows_each_attempt_with_its_request_and_response(visitor, hook, sink):
    path = re.search(r'href="(/deliveries/dlv_[^"]+)"', visitor.post(f"/webhooks/{hook['id']}/test").text)[1]
    page = text_of(visitor.get(path))
    headers, body = sink.requests[0]
    assert dict(headers)["webhook-signature"] in page
    assert re.sub(r"\s+", " ", body.decode()) in page
    assert "Response headers" in page


def test_an_event_type_is_added_changed_retired_and_restored(visitor, api):
    fields = {"slug": "invoice_paid", "name": "Invoice Paid", "description": "Paid.", "example": '{"total": 5}'}
    assert "Invoice Paid is added" in visitor.post("/event-types/new", **fields).text
    assert api("GET", "/api/v1/event-types/invoice_paid")[1]["example"] == {"total": 5}
    visitor.post("/event-types/invoice_paid/edit", **fields | {"name": "Invoice Settled", "schema": "{}"})
    assert "Invoice Settled" in visitor.get("/webhooks").text
    visitor.post("/event-types/invoice_paid/retire")
    assert "Invoice Settled" not in visitor.get("/webhooks").text
    assert "Invoice Settled" in visitor.get("/event-types").text
    visitor.post("/event-types/invoice_paid/restore")
    assert "Invoice Settled" in visitor.get("/webhooks").text


def test_each_event_type_offers_what_can_be_done_with_it(visitor, api):
    api("POST", "/api/v1/event-types", {"slug": "own", "name": "Own", "example": {}})
    api("DELETE", "/api/v1/event-types/site_published")
    page = visitor.get("/event-types").text
    cards = dict(re.findall(r'id="event-([^"]+)">(.*?)</section>', page, re.DOTALL))
    offered = {slug: re.findall(r"<span>(Send|Edit|Retire|Restore)</span>", cards[slug]) for slug in cards}
    assert offered["payment_received"] == ["Send", "Retire"]
    assert offered["own"] == ["Send", "Edit", "Retire"]
    assert offered["site_published"] == ["Restore"]


def test_a_wrong_event_type_is_told_beside_its_fields(visitor):
    fields = {"slug": "x", "name": "Kept", "example": "{", "schema": "["}
    answer = visitor.post("/event-types/new", **fields)
    assert answer.status_code == 422
    assert {"f-example-error", "f-schema-error"} <= set(re.findall(r'id="([^"]+)"', answer.text))
    assert 'value="Kept"' in answer.text
    taken = visitor.post("/event-types/new", **fields | {"slug": "payment_received", "example": "{}", "schema": ""})
    assert (taken.status_code, 'id="f-slug-error"' in taken.text) == (409, True)
    assert visitor.get("/event-types/payment_received/edit").status_code == 409


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"globs": "No!"}, '<a href="#f-globs">And all that fit</a>'),
        ({"event_types": ["no_such"], "globs": None}, '<a href="#f-event_types">Event types</a>'),
        ({"scheme": "token", "header": "a b"}, '<a href="#f-header">Token header</a>'),
    ],
    ids=["globs", "event types", "option"],
)
def test_a_refused_setting_is_named_as_its_label_does_and_linked(visitor, hook, sink, changes, fault):
    answer = visitor.post(f"/webhooks/{hook['id']}", **settings(sink.url(), **changes))
    assert answer.status_code == 422
    assert fault in answer.text


def test_saving_does_not_switch_a_webhook_whose_box_was_left_as_it_was(visitor, api, sink):
    hook = api.webhook(sink.url(410))
    path = f"/webhooks/{hook['id']}"
    was = re.search(r'name="was_active" value="([^"]*)"', visitor.get(path).text)[1]
    api("POST", f"/api/v1{path}/test", {})
    assert stored(api, hook)["state"] == "disabled"
    answer = visitor.post(path, **settings(sink.url(410), was_active=was))
    now = stored(api, hook)
    assert (now["name"], now["state"], now["active"]) == ("Renamed", "disabled", False)
    assert "410" in now["disabled_reason"]
    assert re.search(r'name="active" value="1"(?! checked)', answer.text)
    refused = visitor.post(path, **settings("ftp://x", was_active="", active="1"))
    assert re.search(r'name="was_active" value=""', refused.text)
    visitor.post(path, **settings(sink.url(410), was_active="", active="1"))
    assert stored(api, hook)["state"] == "active"


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("/webhooks/{id}/secret", "/webhooks/{id}#secret"),
        ("/webhooks/{id}/secret/rotate", "/webhooks/{id}#secret"),
        ("/webhooks/{id}/secret/revoke", "/webhooks/{id}#secret"),
        ("/webhooks/{id}/test", "/webhooks/{id}"),
        ("/webhooks/{id}/delete", "/webhooks/{id}"),
        ("/webhooks/bulk", "/webhooks"),
        ("/send/draft", "/send"),
    ],
)
def test_the_address_of_an_answer_to_a_form_leads_back_to_the_form(visitor, hook, address, home):
    given = {"secret": "no secret", "ids": hook["id"], "verb": "delete", "type": "payment_received", "payload": "{"}
    assert "<h1" in visitor.post(address.format(**hook), follow=False, **given).text
    again = visitor.get(address.format(**hook))
    assert (again.status_code, again.headers.get("Location")) == (302, home.format(**hook))


def test_deliveries_are_found_by_when_they_were_made(visitor, api, hook):
    for _ in range(2):
        api("POST", "/api/v1/events", {"type": "payment_received", "payload": {}})
    newer, older = (row["created_at"] for row in api("GET", "/api/v1/deliveries")[1]["items"])

    def listed(**query):
        return visitor.client.get("/deliveries", query_string=query).text.count('<tr id="dlv_')

    assert [listed(since=older), listed(since=newer), listed(until=newer), listed(until=older)] == [2, 1, 1, 0]
    assert listed(since=older, until=newer, webhook_id=hook["id"]) == 1
    assert listed(since="1970-01-02T03:04") == 2
    kept = visitor.get("/deliveries?since=2026-01-02T05:04:05%2B02:00").text
    assert 'name="since" value="2026-01-02T03:04:05"' in kept
    assert "since=2026-01-02T05:04:05%2B02:00" in re.search(r'data-live[^>]*="([^"]*stream[^"]*)"', kept)[1]
    for wrong in ("soon", "0001-01-01"):
        refused = visitor.get(f"/deliveries?until={wrong}")
        assert refused.status_code == 422
        assert "Give a " in refused.text
