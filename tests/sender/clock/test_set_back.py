"""A clock that is set back strands nothing: all waits for as long as it would have."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from sender.models import WorkerProcess
from sender.services import clock_steps, workers
from sender.services.deliveries import Rules
from shared.database import writing_connection
from tests.sender.clock.waiting import HOUR, STEPS, YEARS, scalar, seconds
from tests.sender.deliverer import Deliverer


@STEPS
def test_a_retry_waits_as_long_as_it_would_have_and_what_was_due_is_due(delivery, set_back, step):
    due, later = delivery("pending", -5), delivery("pending", 300)
    now = set_back(step)
    assert seconds(due(), now) == 0
    assert seconds(later(), now) == 300


def test_a_delivery_that_was_due_for_longer_than_the_step_keeps_its_turn(delivery, set_back):
    old = delivery("pending", -7200)
    before = old()
    set_back(HOUR)
    assert old() == before


@STEPS
def test_a_lease_lasts_as_long_as_it_would_have(delivery, set_back, step):
    held, ended = delivery("sending", 50), delivery("sending", -10)
    now = set_back(step)
    assert seconds(held(), now) == 50
    assert seconds(ended(), now) == 0


@STEPS
@pytest.mark.parametrize("reason", ["breaker", "retry_after", "probing"])
def test_a_rest_lasts_as_long_as_it_would_have(webhook, set_back, reason, step):
    until = webhook("blocked_until", 30, blocked_reason=reason)
    now = set_back(step)
    assert seconds(until(), now) == 30


@STEPS
def test_what_an_endpoint_asked_for_is_as_long_ago_and_lasts_as_long(webhook, set_back, step):
    """A webhook that is switched on again waits for it, and a success of an attempt begun after it ends it."""
    asked_at, until = webhook("asked_at", -60), webhook("asked_until", 30)
    now = set_back(step)
    assert seconds(asked_at(), now) == -60
    assert seconds(until(), now) == 30


def test_a_rest_that_was_over_is_over(webhook, set_back):
    until = webhook("blocked_until", -30, blocked_reason="breaker")
    assert until() > set_back(HOUR) == until()


@STEPS
def test_a_rate_limit_lets_go_when_it_would_have(webhook, set_back, step):
    until = webhook("paced_until", 30, rate_limit=1, rate_period="minute")
    now = set_back(step)
    assert seconds(until(), now) == 30


@STEPS
def test_replays_and_mails_go_on_when_they_would_have(replay, mail, set_back, step):
    next_step, next_attempt = replay(0.5), mail(300)
    now = set_back(step)
    assert seconds(next_step(), now) == 0.5
    assert seconds(next_attempt(), now) == 300


@STEPS
def test_failing_lasts_as_long_and_workers_were_seen_as_long_ago(engine, webhook, set_back, step):
    since = webhook("failing_since", -60)
    now = set_back(step)
    assert seconds(since(), now) == -60
    assert seconds(scalar(engine, select(func.max(WorkerProcess.seen_at))), now) == -9


def test_a_warning_was_as_long_ago_after_the_step(webhook, set_back):
    warned_at = webhook("warned_at", -60)
    now = set_back(HOUR)
    assert seconds(warned_at(), now) == -60


def test_a_step_that_is_shorter_than_the_time_between_two_signs_of_life_is_waited_for(delivery, set_back):
    later = delivery("pending", 300)
    now = set_back(timedelta(seconds=4))
    assert seconds(later(), now) == 304


def test_a_sign_of_life_that_comes_before_the_step_is_seen_to_does_not_hide_it(engine, delivery, past):
    later = delivery("pending", 300)
    workers.give_sign(engine, "wrk_1", "a worker", past.now)
    now = past.now - HOUR
    workers.give_sign(engine, "wrk_1", "a worker", now)
    with writing_connection(engine) as connection:
        clock_steps.shift(connection, past.now, now)
    assert seconds(later(), now) == 300


def test_the_breaker_rests_thirty_seconds_also_over_a_step_of_years(api, sink, context, set_back, past):
    """From real failures on, not from rows that the test has written."""
    hook = api.webhook(sink.url())["id"]
    for number in range(5):
        api("POST", "/api/v1/events", {"type": "payment_received", "payload": {"number": number}})
    deliverer = Deliverer(past.engine, context.vault, Rules((300.0,)), past.now)
    deliverer.wait(seconds=1)
    past.now = deliverer.now
    for claimed in deliverer.claim():
        deliverer.answer(claimed, 500)
    deliverer.now = set_back(YEARS)
    assert seconds(deliverer.webhook(hook).blocked_until, deliverer.now) == 30
    assert all(240 <= seconds(row.next_attempt_at, deliverer.now) <= 360 for row in deliverer.deliveries(hook))
