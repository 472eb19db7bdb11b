"""A webhook that fails again and again rests, and one delivery probes; what ends a rest, and what does not."""

from __future__ import annotations

from datetime import timedelta


def test_after_five_failures_in_a_row_the_webhook_rests_and_one_delivery_probes(api, sink, deliverer):
    hook = api.webhook(sink.url())
    api.publish(20)
    for claimed in deliverer.claim(5):
        deliverer.answer(claimed, 500)
    assert deliverer.webhook(hook["id"]).blocked_reason == "breaker"
    assert deliverer.claim() == []
    assert {row.next_attempt_at for row in deliverer.deliveries(hook["id"])[5:]} == {None}, "held, not looked at"
    deliverer.wait(seconds=31)
    deliverer.sweep()
    (probe,) = deliverer.claim()
    assert deliverer.claim() == []
    deliverer.answer(probe, 500)
    assert deliverer.webhook(hook["id"]).blocked_until == deliverer.now + timedelta(seconds=60)
    deliverer.wait(seconds=61)
    deliverer.sweep()
    (probe,) = deliverer.claim()
    deliverer.answer(probe)
    assert deliverer.webhook(hook["id"]).blocked_until is None
    deliverer.sweep()
    assert len(deliverer.claim()) == 10, "its in-flight cap"


def test_a_probe_whose_worker_died_is_followed_by_another(api, sink, deliverer):
    api.webhook(sink.url())
    api.publish(10)
    for claimed in deliverer.claim(5):
        deliverer.answer(claimed, 500)
    deliverer.wait(seconds=31)
    deliverer.sweep()
    assert len(deliverer.claim()) == 1
    deliverer.wait(seconds=61)
    deliverer.sweep()
    assert len(deliverer.claim()) == 1


def test_a_test_that_succeeds_ends_the_rest(api, sink, deliverer):
    hook = api.webhook(sink.url())
    api.publish(6)
    for claimed in deliverer.claim(5):
        deliverer.answer(claimed, 500)
    assert api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})[1]["state"] == "succeeded"
    assert deliverer.webhook(hook["id"]).blocked_until is None


def test_a_test_that_fails_says_nothing_about_the_webhook(api, sink, deliverer):
    hook = api.webhook(sink.url(500))
    for _ in range(6):
        api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})
    assert deliverer.webhook(hook["id"]).failure_count == 0


def test_a_webhook_that_is_off_neither_rests_nor_probes(api, sink, deliverer):
    hook = api.webhook(sink.url())
    api.publish(5)
    deliverer.fail(5)
    path = f"/api/v1/webhooks/{hook['id']}"
    assert api("GET", path)[1]["condition"] == "resting"
    assert api("PATCH", path, {"active": False})[1]["condition"] == "failing"
    assert api("PATCH", path, {"active": True})[1]["condition"] == "well"
