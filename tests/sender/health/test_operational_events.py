"""Operational events: who is told of what, and who is not."""

from __future__ import annotations

from sender.services.deliveries import Rules


def test_a_webhook_is_never_told_about_itself(api, sink, deliverer):
    hook = api.webhook(sink.url(), event_types=["payment_received", "webhook.*", "delivery.*"])
    deliverer.rules = Rules(schedule=())
    api.publish()
    deliverer.answer(deliverer.claim(1)[0], 410)
    assert len(deliverer.deliveries(hook["id"])) == 1


def test_an_exhausted_delivery_is_told_but_not_that_of_an_operational_event(api, sink, deliverer):
    hook = api.webhook(sink.url())
    watchers = [api.webhook(sink.url(), event_types=["delivery.exhausted"]) for _ in range(2)]
    deliverer.rules = Rules(schedule=())
    api.publish()
    deliverer.answer(deliverer.claim(1)[0], 500)
    (news,) = deliverer.told(watchers[0]["id"], "delivery.exhausted")
    assert news["delivery_id"] == deliverer.deliveries(hook["id"])[0].id
    assert news["attempt_count"] == 1
    for claimed in deliverer.claim():
        deliverer.answer(claimed, 500)
    assert all(len(deliverer.deliveries(watcher["id"])) == 1 for watcher in watchers)


def test_a_test_that_fails_is_not_told_as_exhausted(api, sink, deliverer):
    hook = api.webhook(sink.url(500))
    watcher = api.webhook(sink.url(), event_types=["delivery.exhausted"])
    assert api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})[1]["state"] == "failed"
    assert deliverer.deliveries(watcher["id"]) == []


def test_delivery_exhausted_is_described_as_what_it_is_sent_for(api, sink, deliverer):
    """It is sent for a 410 too, which may answer the first attempt."""
    watcher = api.webhook(sink.url(), event_types=["delivery.exhausted"])
    api.webhook(sink.url())
    api.publish()
    deliverer.answer(deliverer.claim(1)[0], 410)
    (news,) = deliverer.told(watcher["id"], "delivery.exhausted")
    assert news["attempt_count"] == 1
    kind = api("GET", "/api/v1/event-types/delivery.exhausted")[1]
    assert "410" in kind["description"]


def test_operational_events_cannot_be_published_from_outside(api):
    status, problem = api("POST", "/api/v1/events", {"type": "webhook.disabled", "payload": {}})
    assert status == 422
    assert problem["errors"] == [{"field": "type", "message": "Only Hookloop itself publishes webhook.disabled."}]
