"""Rest, pace, warning and disabling, from claimed rows to what other webhooks are told, on both databases."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from sender.models import Event, Mail
from sender.services.deliveries import Rules, give_back
from shared.database import writing_connection

DAYS_5 = Rules(schedule=(3600.0,) * 1000, disable_after=timedelta(days=5), mail=True)


def told(deliverer, watcher, slug):
    """The payloads of the operational events of one type that a webhook is owed."""
    with deliverer.engine.connect() as connection:
        owed = {row.event_id for row in deliverer.deliveries(watcher["id"])}
        rows = connection.execute(select(Event.id, Event.payload).where(Event.type == slug))
        return [json.loads(row.payload) for row in rows if row.id in owed]


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


def test_one_dead_endpoint_with_a_long_queue_holds_up_no_other(api, sink, deliverer):
    dead, alive = api.webhook(sink.url()), api.webhook(sink.url())
    deliverer.set(alive["id"], event_types=["site_published"])
    api.publish(300)
    api.publish(3, "site_published")
    taken = Counter(claimed.webhook_id for claimed in deliverer.claim(20))
    assert taken == {dead["id"]: 10, alive["id"]: 3}


def test_claims_that_lapse_are_given_back_with_what_they_spent_of_the_rate_limit(api, sink, deliverer):
    hook = api.webhook(sink.url(), rate_limit=1, rate_period="minute")
    free = api.webhook(sink.url())
    api.publish(2)
    for _ in range(3):
        claims = deliverer.claim()
        assert [claimed.webhook_id for claimed in claims if claimed.paced] == [hook["id"]]
        with writing_connection(deliverer.engine) as connection:
            give_back(connection, [(claimed, timedelta(seconds=0.06)) for claimed in claims], deliverer.now)
        deliverer.wait(seconds=0.06)
    assert deliverer.webhook(free["id"]).paced_until is None
    assert len(deliverer.claim()) == 3
    deliverer.wait(seconds=59)
    assert deliverer.claim() == [], "one that was made is not given back"


def test_a_raised_rate_limit_does_not_wait_for_the_old_one(api, sink, deliverer):
    hook = api.webhook(sink.url(), rate_limit=1, rate_period="minute")
    path = f"/api/v1/webhooks/{hook['id']}"
    api.publish(3)
    assert (len(deliverer.claim()), len(deliverer.claim())) == (1, 0)
    api("PATCH", path, {"name": "Renamed", "rate_limit": 1})
    assert deliverer.claim() == []
    api("PATCH", path, {"rate_limit": 10, "rate_period": "second"})
    assert len(deliverer.claim()) == 1


def test_a_rate_limit_holds_over_all_workers(api, sink, deliverer):
    hook = api.webhook(sink.url())
    deliverer.set(hook["id"], rate_limit=2, rate_period="second", max_in_flight=100)
    api.publish(30)
    counts = []
    for _ in range(100):
        counts.append(len(deliverer.claim(3)) + len(deliverer.claim(3)))  # two workers
        deliverer.wait(milliseconds=105)
    assert sum(counts) == 20
    assert max(counts) == 1


def test_a_warning_at_half_the_span_and_disabling_at_its_end_are_told(api, sink, deliverer):
    hook, watcher = api.webhook(sink.url()), api.webhook(sink.url(), event_types=["webhook.*"])
    deliverer.rules = DAYS_5
    api.publish()
    every = api.webhook(sink.url(), event_types=["*"])
    deliverer.fail(1)
    start = deliverer.webhook(hook["id"]).failing_since
    while deliverer.webhook(hook["id"]).active:
        deliverer.fail(1)
        for claimed in deliverer.claim():  # what the watcher is told
            deliverer.answer(claimed)
    warned = deliverer.webhook(hook["id"]).warned_at - start
    ended = deliverer.now - start
    assert timedelta(days=2.5) <= warned < timedelta(days=2.6)
    assert timedelta(days=5) <= ended < timedelta(days=5.2)
    (failing,), (disabled,) = told(deliverer, watcher, "webhook.failing"), told(deliverer, watcher, "webhook.disabled")
    assert failing["webhook_id"] == disabled["webhook_id"] == hook["id"]
    assert "It was failing for 5 days" in disabled["reason"]
    assert [row.state for row in deliverer.deliveries(hook["id"])] == ["cancelled"]
    assert deliverer.deliveries(every["id"]) == [], "a plain * does not ask for operational events"
    with deliverer.engine.connect() as connection:
        subjects = list(connection.scalars(select(Mail.subject).order_by(Mail.created_at)))
    assert subjects == ["Webhook Billing is failing", "Webhook Billing was disabled"]


def test_a_webhook_that_fails_rarely_is_warned_about_before_it_is_disabled(api, sink, deliverer):
    hook, watcher = api.webhook(sink.url()), api.webhook(sink.url(), event_types=["webhook.*"])
    deliverer.rules = Rules(schedule=(14 * 3600.0,) * 20, disable_after=timedelta(days=5), mail=True)
    api.publish()
    while deliverer.webhook(hook["id"]).active:
        deliverer.fail(1)
        for claimed in deliverer.claim():  # what the watcher is told
            deliverer.answer(claimed)
    (failing,), (disabled,) = told(deliverer, watcher, "webhook.failing"), told(deliverer, watcher, "webhook.disabled")
    assert failing["webhook_id"] == disabled["webhook_id"] == hook["id"]
    assert failing["failure_count"] < 10


def test_failures_that_are_recorded_together_do_not_warn_and_disable_at_once(api, sink, deliverer):
    hook = api.webhook(sink.url())
    deliverer.set(hook["id"], max_in_flight=20)
    deliverer.rules = DAYS_5
    api.publish(12)
    claims = deliverer.claim()
    deliverer.record((claims[0], 500))
    deliverer.wait(days=6)
    deliverer.record(*((claimed, 500) for claimed in claims[1:]))
    row = deliverer.webhook(hook["id"])
    assert (row.active, row.failure_count, row.warned_at) == (True, 12, deliverer.now)


def test_recovery_is_told_after_a_warning(api, sink, deliverer):
    hook, watcher = api.webhook(sink.url()), api.webhook(sink.url(), event_types=["webhook.recovered"])
    deliverer.rules = DAYS_5
    api.publish()
    while deliverer.webhook(hook["id"]).warned_at is None:
        deliverer.fail(1)
    while not (claimed := deliverer.claim(1)):
        deliverer.wait_for_something()
    deliverer.answer(claimed[0])
    assert [news["webhook_id"] for news in told(deliverer, watcher, "webhook.recovered")] == [hook["id"]]
    assert deliverer.webhook(hook["id"]).failing_since is None
    with deliverer.engine.connect() as connection:
        subjects = list(connection.scalars(select(Mail.subject).order_by(Mail.id)))
    assert subjects == ["Webhook Billing is failing", "Webhook Billing has recovered"]


@pytest.mark.parametrize("how", ["url", "pause", "disabled"])
def test_recovery_is_told_also_when_the_failures_were_forgotten_before(api, sink, deliverer, how):
    hook, watcher = api.webhook(sink.url()), api.webhook(sink.url(), event_types=["webhook.recovered"])
    path = f"/api/v1/webhooks/{hook['id']}"
    deliverer.rules = DAYS_5
    api.publish()
    while deliverer.webhook(hook["id"]).warned_at is None:
        deliverer.fail(1)
    if how == "disabled":
        while deliverer.webhook(hook["id"]).active:
            deliverer.fail(1)
    for change in {"url": [{"url": sink.url(204)}], "disabled": [{"active": True}]}.get(
        how, [{"active": False}, {"active": True}]
    ):
        assert api("PATCH", path, change)[0] == 200
    assert deliverer.webhook(hook["id"]).warned_at is None, "before it is disabled it is warned about again"
    api.publish()
    deliverer.fail(1, every=1)
    assert told(deliverer, watcher, "webhook.recovered") == []
    for _ in range(2):
        api.publish()
        deliverer.sweep()
        for claimed in deliverer.claim():
            deliverer.answer(claimed)
    assert [news["webhook_id"] for news in told(deliverer, watcher, "webhook.recovered")] == [hook["id"]]


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
    (news,) = told(deliverer, watchers[0], "delivery.exhausted")
    assert news["delivery_id"] == deliverer.deliveries(hook["id"])[0].id
    assert news["attempt_count"] == 1
    for claimed in deliverer.claim():
        deliverer.answer(claimed, 500)
    assert all(len(deliverer.deliveries(watcher["id"])) == 1 for watcher in watchers)


def test_410_disables_at_once_cancels_and_is_told(api, sink, deliverer):
    hook, watcher = api.webhook(sink.url()), api.webhook(sink.url(), event_types=["webhook.disabled"])
    api.publish(3)
    deliverer.answer(deliverer.claim(1)[0], 410)
    assert deliverer.webhook(hook["id"]).disabled_reason == "The endpoint answered 410 Gone, which ends the webhook."
    assert [row.state for row in deliverer.deliveries(hook["id"])] == ["failed", "cancelled", "cancelled"]
    assert len(told(deliverer, watcher, "webhook.disabled")) == 1


def test_delivery_exhausted_is_described_as_what_it_is_sent_for(api, sink, deliverer):
    """It is sent for a 410 too, which may answer the first attempt."""
    watcher = api.webhook(sink.url(), event_types=["delivery.exhausted"])
    api.webhook(sink.url())
    api.publish()
    deliverer.answer(deliverer.claim(1)[0], 410)
    (news,) = told(deliverer, watcher, "delivery.exhausted")
    assert news["attempt_count"] == 1
    kind = api("GET", "/api/v1/event-types/delivery.exhausted")[1]
    assert "410" in kind["description"]


def test_the_410_is_the_reason_also_when_another_answer_is_recorded_with_it(api, sink, deliverer):
    hook = api.webhook(sink.url())
    api.publish(2)
    one, other = deliverer.claim(2)
    deliverer.record((one, 410), (other, 500))
    assert deliverer.webhook(hook["id"]).disabled_reason == "The endpoint answered 410 Gone, which ends the webhook."
    assert sorted(row.state for row in deliverer.deliveries(hook["id"])) == ["cancelled", "failed"]


def test_a_retry_that_ends_after_its_webhook_was_disabled_is_cancelled(api, sink, deliverer):
    hook = api.webhook(sink.url())
    api.publish(2)
    one, other = deliverer.claim(2)
    deliverer.answer(one, 410)
    deliverer.answer(other, 500)
    assert sorted(row.state for row in deliverer.deliveries(hook["id"])) == ["cancelled", "failed"]


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


def test_a_webhook_that_is_off_neither_rests_nor_probes(api, sink, deliverer):
    hook = api.webhook(sink.url())
    api.publish(5)
    deliverer.fail(5)
    path = f"/api/v1/webhooks/{hook['id']}"
    assert api("GET", path)[1]["condition"] == "resting"
    assert api("PATCH", path, {"active": False})[1]["condition"] == "failing"
    assert api("PATCH", path, {"active": True})[1]["condition"] == "well"


def test_operational_events_cannot_be_published_from_outside(api):
    status, problem = api("POST", "/api/v1/events", {"type": "webhook.disabled", "payload": {}})
    assert status == 422
    assert problem["errors"] == [{"field": "type", "message": "Only Hookloop itself publishes webhook.disabled."}]


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
