"""A webhook is warned about and then disabled, or disabled by a 410 at once; other webhooks and operators are told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from sender.models import Mail
from sender.services.deliveries import Rules

DAYS_5 = Rules(schedule=(3600.0,) * 1000, disable_after=timedelta(days=5), mail=True)


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
    (failing,), (disabled,) = (deliverer.told(watcher["id"], f"webhook.{what}") for what in ("failing", "disabled"))
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
    (failing,), (disabled,) = (deliverer.told(watcher["id"], f"webhook.{what}") for what in ("failing", "disabled"))
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


def test_a_warning_that_is_recorded_together_with_the_recovery_says_what_it_warned_of(api, sink, deliverer):
    hook = api.webhook(sink.url())
    watcher = api.webhook(sink.url(), event_types=["webhook.*"])
    deliverer.rules = Rules(schedule=(), disable_after=timedelta(days=5), mail=True)
    api.publish()
    deliverer.answer(deliverer.claim(1)[0], 500)
    deliverer.wait(days=3)
    api.publish(2)
    fails, succeeds = deliverer.claim(2)
    deliverer.record((fails, 500), (succeeds, 200))
    (failing,), (recovered,) = (deliverer.told(watcher["id"], f"webhook.{what}") for what in ("failing", "recovered"))
    assert (failing["webhook_id"], failing["failure_count"]) == (hook["id"], 2)
    assert recovered["webhook_id"] == hook["id"]
    with deliverer.engine.connect() as connection:
        texts = dict(connection.execute(select(Mail.subject, Mail.text)).all())
    assert "It has been failing for 3 days (2 attempts)." in texts["Webhook Billing is failing"]
    assert "It has taken a delivery again." in texts["Webhook Billing has recovered"]


def test_recovery_is_told_after_a_warning(api, sink, deliverer):
    hook, watcher = api.webhook(sink.url()), api.webhook(sink.url(), event_types=["webhook.recovered"])
    deliverer.rules = DAYS_5
    api.publish()
    while deliverer.webhook(hook["id"]).warned_at is None:
        deliverer.fail(1)
    while not (claimed := deliverer.claim(1)):
        deliverer.wait_for_something()
    deliverer.answer(claimed[0])
    assert [news["webhook_id"] for news in deliverer.told(watcher["id"], "webhook.recovered")] == [hook["id"]]
    assert deliverer.webhook(hook["id"]).failing_since is None
    with deliverer.engine.connect() as connection:
        subjects = list(connection.scalars(select(Mail.subject).order_by(Mail.id)))
    assert subjects == ["Webhook Billing is failing", "Webhook Billing has recovered"]


@pytest.mark.parametrize("how", ["url", "pause", "disabled", "disabled and tested"])
def test_recovery_is_told_also_when_the_failures_were_forgotten_before(api, sink, deliverer, how):
    hook, watcher = api.webhook(sink.url()), api.webhook(sink.url(), event_types=["webhook.recovered"])
    path = f"/api/v1/webhooks/{hook['id']}"
    deliverer.rules = DAYS_5
    api.publish()
    while deliverer.webhook(hook["id"]).warned_at is None:
        deliverer.fail(1)
    if how.startswith("disabled"):
        while deliverer.webhook(hook["id"]).active:
            deliverer.fail(1)
    if how == "disabled and tested":
        assert api("POST", f"{path}/test", {})[1]["state"] == "succeeded"
    changes = {"url": [{"url": sink.url(204)}], "pause": [{"active": False}, {"active": True}]}
    for change in changes.get(how, [{"active": True}]):
        assert api("PATCH", path, change)[0] == 200
    assert deliverer.webhook(hook["id"]).warned_at is None, "before it is disabled it is warned about again"
    api.publish()
    deliverer.fail(1, every=1)
    assert deliverer.told(watcher["id"], "webhook.recovered") == []
    for _ in range(2):
        api.publish()
        deliverer.sweep()
        for claimed in deliverer.claim():
            deliverer.answer(claimed)
    assert [news["webhook_id"] for news in deliverer.told(watcher["id"], "webhook.recovered")] == [hook["id"]]


def test_410_disables_at_once_cancels_and_is_told(api, sink, deliverer):
    hook, watcher = api.webhook(sink.url()), api.webhook(sink.url(), event_types=["webhook.disabled"])
    api.publish(3)
    deliverer.answer(deliverer.claim(1)[0], 410)
    assert deliverer.webhook(hook["id"]).disabled_reason == "The endpoint answered 410 Gone, which ends the webhook."
    assert [row.state for row in deliverer.deliveries(hook["id"])] == ["failed", "cancelled", "cancelled"]
    assert len(deliverer.told(watcher["id"], "webhook.disabled")) == 1


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


def test_an_attempt_that_is_answered_410_is_a_failure_in_a_row(api, sink, deliverer):
    hook = api.webhook(sink.url())
    api.publish(4)
    first, second, third, fourth = deliverer.claim()
    deliverer.answer(first, 500)
    deliverer.record((second, 410), (third, 410))
    row = deliverer.webhook(hook["id"])
    assert (row.active, row.failed_count, row.failure_count) == (False, 2, 3)
    deliverer.answer(fourth, 410)
    assert deliverer.webhook(hook["id"]).failure_count == 4
    _, shown = api("PATCH", f"/api/v1/webhooks/{hook['id']}", {"active": True})
    assert (shown["failure_count"], shown["failing_since"], shown["condition"]) == (0, None, "well")


def test_a_test_that_is_answered_410_disables_and_is_no_failure_of_a_delivery(api, sink, deliverer):
    hook = api.webhook(sink.url(410))
    assert api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})[0] == 200
    row = deliverer.webhook(hook["id"])
    assert (row.active, row.failed_count, row.failure_count) == (False, 0, 0)
