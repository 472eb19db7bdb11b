"""A wait that an endpoint asked for is kept, and kept for all of its webhook."""

from __future__ import annotations

from datetime import timedelta

from sender.services.deliveries import Rules


def test_retry_after_in_seconds_is_obeyed_and_the_others_of_the_webhook_wait_too(api, sink, deliverer):
    hook = api.webhook(sink.url())
    api.publish(3)
    (first,) = deliverer.claim(1)
    deliverer.answer(first, 429, Retry_After="120")
    row = next(row for row in deliverer.deliveries(hook["id"]) if row.id == first.delivery_id)
    assert row.next_attempt_at == deliverer.now + timedelta(seconds=120)
    assert "tried again later" in row.reason
    assert deliverer.claim() == []
    assert deliverer.sweep() == deliverer.now + timedelta(seconds=120)
    deliverer.wait(seconds=121)
    deliverer.sweep()
    (probe,) = deliverer.claim()
    deliverer.answer(probe)
    deliverer.sweep()
    assert len(deliverer.claim()) == 2


def test_a_late_success_does_not_cancel_a_retry_after_and_a_test_does(api, app, sink, deliverer):
    hook = api.webhook(sink.url())
    api.publish(3)
    early, late = deliverer.claim(2)
    deliverer.wait(seconds=1)
    deliverer.answer(early, 503, Retry_After="3600")
    asked_until = deliverer.now + timedelta(hours=1)
    deliverer.wait(seconds=1)
    deliverer.answer(late)
    row = deliverer.webhook(hook["id"])
    assert (row.blocked_until, row.blocked_reason, row.failure_count) == (asked_until, "retry_after", 0)
    deliverer.wait(minutes=30)
    deliverer.sweep()
    assert deliverer.claim() == []
    deliverer.set(hook["id"], asked_at=deliverer.now - timedelta(days=1))  # the deliverer's time is ahead of the test's
    assert api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})[0] == 200
    assert deliverer.webhook(hook["id"]).blocked_until is None
    deliverer.sweep()
    assert len(deliverer.claim()) == 1


def test_retry_after_never_shortens_the_schedule(api, sink, deliverer):
    hook = api.webhook(sink.url())
    deliverer.rules = Rules(schedule=(1000.0,))
    api.publish()
    (claimed,) = deliverer.claim()
    deliverer.answer(claimed, 503, Retry_After="1")
    assert deliverer.deliveries(hook["id"])[0].next_attempt_at >= deliverer.now + timedelta(seconds=800)
