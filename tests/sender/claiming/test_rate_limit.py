"""A rate limit holds over all workers, is given back what was not made, and ends with its webhook's setting."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from sender import worker
from sender.services.deliveries import claim_due, give_back
from shared.database import writing_connection
from tests.sender.working import working


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


def test_what_a_claim_spent_is_given_back_once_though_the_worker_was_not_told(api, sink, deliverer):
    api.webhook(sink.url(), rate_limit=1, rate_period="minute")
    api.publish(2)
    lapsed = [(claimed, timedelta(seconds=0.06)) for claimed in deliverer.claim()]
    for is_due in (True, False):
        with writing_connection(deliverer.engine) as connection:
            give_back(connection, lapsed, deliverer.now)
        deliverer.wait(seconds=0.06)
        assert bool(deliverer.claim()) == is_due


@pytest.mark.usefixtures("one_time")
def test_what_was_made_under_the_old_limit_counts_for_the_new_one(api, sink, deliverer):
    hook = api.webhook(sink.url(), rate_limit=1, rate_period="minute")
    path = f"/api/v1/webhooks/{hook['id']}"
    api.publish(9)
    counts = []
    for minute in range(3):
        for rate in (2, 3, 2):
            counts.append((minute, len(deliverer.claim())))
            deliverer.wait(seconds=1)
            api("PATCH", path, {"rate_limit": rate})
        deliverer.wait(seconds=57)
    assert [sum(count for at, count in counts if at == minute) for minute in range(3)] == [1, 1, 1]
    assert len(deliverer.claim()) == 1
    api("PATCH", path, {"rate_limit": 10, "rate_period": "second"})
    assert deliverer.claim() == []
    deliverer.wait(milliseconds=106)
    assert len(deliverer.claim()) == 1


@pytest.mark.usefixtures("one_time")
def test_a_raised_rate_limit_does_not_wait_for_the_old_one(api, sink, deliverer):
    hook = api.webhook(sink.url(), rate_limit=1, rate_period="minute")
    path = f"/api/v1/webhooks/{hook['id']}"
    api.publish(3)
    assert (len(deliverer.claim()), len(deliverer.claim())) == (1, 0)
    api("PATCH", path, {"name": "Renamed", "rate_limit": 1})
    assert deliverer.claim() == []
    api("PATCH", path, {"rate_limit": 10, "rate_period": "second"})
    deliverer.wait(milliseconds=106)
    assert len(deliverer.claim()) == 1


@pytest.mark.parametrize("slow", [1, 3], ids=["once", "again and again"])
def test_no_second_sees_more_than_the_limit_although_commits_take_long(
    api, sink, deliverer, engine, context, monkeypatch, slow
):
    rate, left = 2, [slow]
    count = rate + 2
    hook = api.webhook(sink.url(), rate_limit=rate)["id"]

    def claim_and_take_long(*given, **options):
        claim = claim_due(*given, **options)
        if claim.taken and left[0]:
            left[0] -= 1
            time.sleep(0.6)
        return claim

    monkeypatch.setattr(worker, "claim_due", claim_and_take_long)
    api.publish(count)
    with working(engine, context):
        sink.wait_for(count)
    began = sorted(attempt.started_at for row in deliverer.deliveries(hook) for attempt in deliverer.attempts(row.id))
    assert (left, len(began)) == ([0], count), "they do not lapse for ever"
    # Less a tenth, for which the system may keep a thread from beginning after its last look at the time.
    span = timedelta(seconds=0.9)
    assert all(later - first >= span for first, later in zip(began, began[rate:], strict=False))
