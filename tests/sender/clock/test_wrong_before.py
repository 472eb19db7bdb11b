"""What a wrong clock has written, while no worker ran or on another host, is bound by what can have been meant."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from sender.models import WorkerProcess
from shared.database import writing_connection
from tests.sender.clock.waiting import YEARS, scalar, seconds


def test_no_delivery_waits_longer_than_any_schedule_can_have_meant(delivery, past, bound):
    first, retry, lease = delivery("pending", 900, 0), delivery("pending", 10**8), delivery("sending", 10**8)
    meant = delivery("pending", 86_000), delivery("sending", 59)
    before = [look() for look in meant]
    assert bound()
    assert [seconds(look(), past.now) for look in (first, retry, lease)] == [0, 86_400, 60]
    assert [look() for look in meant] == before
    assert not bound(), "once is enough"


def test_a_long_schedule_may_be_waited_for(delivery, past, bound):
    longest, longer = delivery("pending", 240_000), delivery("pending", 240_001)
    assert bound(retry_schedule_text="5,200000")
    assert [seconds(look(), past.now) for look in (longest, longer)] == [240_000, 240_000]


@pytest.mark.parametrize(("reason", "most"), [("breaker", 600), ("retry_after", 86_400), ("probing", 60)])
def test_no_rest_is_longer_than_the_longest(webhook, past, bound, reason, most):
    until = webhook("blocked_until", most + 1, blocked_reason=reason)
    assert bound()
    assert seconds(until(), past.now) == most
    assert not bound()


@pytest.mark.parametrize(("column", "most"), [("asked_until", 86_400), ("asked_at", 0)])
def test_what_an_endpoint_asked_for_lasts_no_longer_than_it_can_ask_for(webhook, past, bound, column, most):
    moment = webhook(column, most + 1)
    assert bound()
    assert seconds(moment(), past.now) == most
    assert not bound()


@pytest.mark.parametrize(
    ("rate", "period", "most"),
    [(1, "minute", 80.05), (10, "second", 20.105), (1000, "second", 20 + 51 * 1.05 / 950), (None, "second", 0)],
)
def test_a_rate_limit_remembers_no_more_than_it_can_have_let_through(webhook, past, bound, rate, period, most):
    until = webhook("paced_until", 10**8, rate_limit=rate, rate_period=period)
    assert bound()
    assert seconds(until(), past.now) == pytest.approx(most, abs=0.001)
    assert not bound()


def test_replays_mails_and_signs_of_life_do_not_lie_far_ahead(engine, webhook, replay, mail, past, bound):
    next_step, next_attempt, since = replay(10**8), mail(10**8), webhook("failing_since", 10**8)
    row = {"id": "wrk_1", "name": "dead", "started_at": past.now, "seen_at": past.now + YEARS}
    with writing_connection(engine) as connection:
        connection.execute(insert(WorkerProcess), [row])
    assert bound()
    assert [seconds(look(), past.now) for look in (next_step, next_attempt, since)] == [1, 86_400, 0]
    assert scalar(engine, select(WorkerProcess.seen_at)) == past.now
    assert not bound()


def test_a_webhook_that_was_warned_by_a_wrong_clock_can_be_disabled_by_the_right_one(webhook, past, bound):
    warned_at = webhook("warned_at", YEARS.total_seconds())
    assert bound()
    assert warned_at() == past.now
