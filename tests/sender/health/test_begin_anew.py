"""What forgets the failures of a webhook: switching it on, and another URL, which gets what waited for the old one."""

from __future__ import annotations

from datetime import timedelta

import pytest


def test_switching_on_again_forgets_the_failures(api, sink, deliverer):
    hook = api.webhook(sink.url())
    api.publish(10)
    deliverer.fail(5)
    api("PATCH", f"/api/v1/webhooks/{hook['id']}", {"active": False})
    api("PATCH", f"/api/v1/webhooks/{hook['id']}", {"active": True})
    row = deliverer.webhook(hook["id"])
    assert (row.failure_count, row.blocked_until) == (0, None)
    deliverer.sweep()
    assert len(deliverer.claim()) == 10


@pytest.mark.usefixtures("one_time")
@pytest.mark.parametrize("way", ["API", "pages", "bulk"])
def test_switching_off_and_on_does_not_end_the_wait_that_the_endpoint_asked_for(api, visitor, sink, deliverer, way):
    hook = api.webhook(sink.url())["id"]
    api.publish(3)
    deliverer.fail(1, 503, Retry_After="3600")
    asked_until = deliverer.now + timedelta(hours=1)
    for verb in ("pause", "activate"):
        deliverer.wait(seconds=1)
        if way == "API":
            api("PATCH", f"/api/v1/webhooks/{hook}", {"active": verb == "activate"})
        elif way == "pages":
            visitor.post(f"/webhooks/{hook}/{verb}")
        else:
            visitor.post("/webhooks/bulk", ids=[hook], verb=verb)
    row = deliverer.webhook(hook)
    assert (row.failure_count, row.blocked_until, row.blocked_reason) == (0, asked_until, "retry_after")
    assert deliverer.sweep() == asked_until
    assert deliverer.claim() == []
    deliverer.now = asked_until
    deliverer.sweep()
    (probe,) = deliverer.claim()
    deliverer.answer(probe)
    deliverer.sweep()
    assert len(deliverer.claim()) == 2


@pytest.mark.usefixtures("one_time")
def test_a_wait_that_is_over_or_of_another_endpoint_is_not_kept(api, sink, deliverer):
    hook = api.webhook(sink.url())["id"]
    path = f"/api/v1/webhooks/{hook}"
    api.publish(2)
    deliverer.fail(1, 503, Retry_After="60")
    api("PATCH", path, {"active": False})
    deliverer.wait(seconds=60)
    api("PATCH", path, {"active": True})
    assert deliverer.webhook(hook).blocked_until is None
    deliverer.sweep()
    deliverer.answer(deliverer.claim()[0], 503, Retry_After="60")
    api("PATCH", path, {"active": False})
    api("PATCH", path, {"active": True, "url": sink.url(204)})
    assert deliverer.webhook(hook).blocked_until is None


def test_activating_what_is_active_changes_nothing(api, visitor, sink, deliverer):
    hook = api.webhook(sink.url())
    api.publish(10)
    deliverer.fail(5)
    before = deliverer.webhook(hook["id"])
    visitor.post("/webhooks/bulk", ids=[hook["id"]], verb="activate")
    visitor.post(f"/webhooks/{hook['id']}/activate")
    api("PATCH", f"/api/v1/webhooks/{hook['id']}", {"active": True})
    after = deliverer.webhook(hook["id"])
    assert after._asdict() == before._asdict() | {"updated_at": after.updated_at}


@pytest.mark.parametrize("status", [503, 410])
def test_another_url_begins_anew_and_gets_what_waited_for_the_old_one(api, sink, deliverer, status):
    hook = api.webhook(sink.url())
    api.publish(8)
    *failed, under_way = deliverer.claim(6)
    for claimed in failed:
        deliverer.answer(claimed, 503, Retry_After="86400")
    assert deliverer.claim() == [], "the rest is held"
    path = f"/api/v1/webhooks/{hook['id']}"
    assert api("PATCH", path, {"name": "Renamed", "url": hook["url"]})[1]["condition"] == "resting"
    changed = api("PATCH", path, {"url": sink.url(204)})[1]
    assert (changed["condition"], changed["failure_count"], changed["blocked_until"]) == ("well", 0, None)
    deliverer.answer(under_way, status, Retry_After="86400")  # an attempt at the old URL, which says nothing of the new
    row = deliverer.webhook(hook["id"])
    assert (row.failure_count, row.blocked_until, row.active) == (0, None, True)
    (retry,) = [one for one in deliverer.deliveries(hook["id"]) if one.id == under_way.delivery_id]
    assert retry.next_attempt_at < deliverer.now + timedelta(minutes=1), "by the schedule"
    deliverer.sweep()
    claims = deliverer.claim()
    assert len(claims) == 7, "at once"
    assert {claimed.destination.url for claimed in claims} == {sink.url(204)}


def test_another_url_of_a_paused_webhook_sends_nothing(api, sink, deliverer):
    hook = api.webhook(sink.url())
    api.publish(8)
    deliverer.fail(5)
    path = f"/api/v1/webhooks/{hook['id']}"
    api("PATCH", path, {"active": False})
    assert api("PATCH", path, {"url": sink.url(204)})[1]["failure_count"] == 0
    deliverer.sweep()
    assert deliverer.claim() == []
    api("PATCH", path, {"active": True})
    deliverer.sweep()
    assert len(deliverer.claim()) == 8
