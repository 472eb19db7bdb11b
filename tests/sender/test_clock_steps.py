"""A clock that is set back strands nothing: all waits for as long as it would have, and never beyond what was meant."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from sender.models import Delivery, Mail, Replay, Webhook, WorkerProcess
from sender.services import clock_steps
from sender.services.deliveries import Rules
from shared import clock
from shared.database import writing_connection
from tests.sender.deliverer import Deliverer

HOUR = timedelta(hours=1)
YEARS = timedelta(days=3650)
STEPS = pytest.mark.parametrize("step", [HOUR, YEARS])


@pytest.fixture
def settings(context):
    return context.settings.model_copy(update={"retry_schedule_text": "5,300", "lease": 60})


@pytest.fixture
def set_back(engine, past, settings):
    """Have the clock be set back while workers run; return the moment that it shows then."""

    def set_back(step, seen_ago=9.0):
        row = {"name": "a worker", "started_at": past.now, "seen_at": past.now - timedelta(seconds=seen_ago)}
        with writing_connection(engine) as connection:
            connection.execute(insert(WorkerProcess), [row | {"id": f"wrk_{number}"} for number in range(2)])
        for late in range(2):  # as two workers notice it, one after the other
            now = past.now - step + timedelta(seconds=late)
            with writing_connection(engine) as connection:
                clock_steps.shift(connection, now + step, now)
                clock_steps.bound(connection, now, settings)
        return past.now - step

    return set_back


@pytest.fixture
def bound(engine, past, settings):
    """Have a worker look for what a wrong clock has written; return whether there was any."""

    def bound(**changes):
        with writing_connection(engine) as connection:
            return clock_steps.bound(connection, past.now, settings.model_copy(update=changes))

    return bound


@pytest.fixture
def delivery(engine, past, hook):
    """Make a delivery in a state whose next moment is so many seconds from now; give a look at that moment."""

    def delivery(state, seconds, attempts=1):
        values = {
            "next_attempt_at": past.now + timedelta(seconds=seconds),
            "claim_id": "claim" if state == "sending" else None,
        }
        made = past.delivery(past.event(1), hook["id"], state, 1, attempts, **values)
        return lambda: _scalar(engine, select(Delivery.next_attempt_at).where(Delivery.id == made))

    return delivery


@pytest.fixture
def webhook(engine, past, hook):
    """Give the webhook values, moments as seconds from now; give a look at one of them."""

    def webhook(column, seconds, **values):
        moment = past.now + timedelta(seconds=seconds)
        with writing_connection(engine) as connection:
            connection.execute(update(Webhook).values({column: moment, **values}))
        return lambda: _scalar(engine, select(getattr(Webhook, column)))

    return webhook


@pytest.fixture
def replay(engine, past):
    def replay(seconds):
        row = {"since": past.ago(9), "until": past.now, "rate": 1, "total": 9, "created_at": past.now}
        row |= {"id": "rpl_1", "state": "running", "next_step_at": past.now + timedelta(seconds=seconds)}
        with writing_connection(engine) as connection:
            connection.execute(insert(Replay), [row])
        return lambda: _scalar(engine, select(Replay.next_step_at))

    return replay


@pytest.fixture
def mail(engine, past):
    def mail(seconds):
        row = {"id": "eml_1", "subject": "s", "text": "t", "created_at": past.now, "attempt_count": 1}
        with writing_connection(engine) as connection:
            connection.execute(insert(Mail), [row | {"next_attempt_at": past.now + timedelta(seconds=seconds)}])
        return lambda: _scalar(engine, select(Mail.next_attempt_at))

    return mail


def _scalar(engine, query):
    with engine.connect() as connection:
        return connection.scalar(query)


def seconds(moment, now):
    return (moment - now).total_seconds()


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
    assert seconds(_scalar(engine, select(func.max(WorkerProcess.seen_at))), now) == -9


def test_a_step_that_is_shorter_than_the_time_between_two_signs_of_life_is_waited_for(delivery, set_back):
    later = delivery("pending", 300)
    now = set_back(timedelta(seconds=4))
    assert seconds(later(), now) == 304


# What was written by a wrong clock while no worker ran, or by another host.


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


@pytest.mark.parametrize(
    ("rate", "period", "most"),
    [(1, "minute", 60.05), (10, "second", 0.105), (1000, "second", 51 * 1.05 / 950), (None, "second", 0)],
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
    assert _scalar(engine, select(WorkerProcess.seen_at)) == past.now
    assert not bound()


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


# A worker whose clock is stepped.


@pytest.fixture
def stepped(monkeypatch):
    """Give a function that steps the clock by a span, for all that read it from then on."""
    offset = timedelta(0)
    real = clock.now

    def step(by):
        nonlocal offset
        offset += by

    monkeypatch.setattr(clock, "now", lambda: real() + offset)
    return step


def test_a_worker_mends_at_its_start_what_a_wrong_clock_has_written(api, sink, stepped, request):
    stepped(YEARS)
    api.webhook(sink.url())
    api("POST", "/api/v1/events", {"type": "payment_received", "payload": {}})
    stepped(-YEARS)
    request.getfixturevalue("worker")
    sink.wait_for(1)


def test_a_worker_that_sees_the_step_goes_on_with_a_retry_and_a_replay(api, sink, engine, past, stepped, request):
    hook = api.webhook(sink.url())["id"]
    for _ in range(3):
        past.event(0.5)
    with writing_connection(engine) as connection:
        connection.execute(update(Webhook).values(created_at=past.ago(1)))
        row = {"id": "wrk_1", "name": "another", "started_at": past.now, "seen_at": past.now}
        connection.execute(insert(WorkerProcess), [row])
    assert api("POST", "/api/v1/replays", {"since": past.ago(0.9).isoformat(), "rate": 1})[0] == 202
    past.delivery(past.event(2), hook, "pending", 2, next_attempt_at=clock.now() + timedelta(seconds=3))
    request.getfixturevalue("worker")
    sink.wait_for(1)
    stepped(-HOUR)
    sink.wait_for(4)


def test_a_warning_was_as_long_ago_after_the_step(webhook, set_back):
    warned_at = webhook("warned_at", -60)
    now = set_back(HOUR)
    assert seconds(warned_at(), now) == -60


def test_a_webhook_that_was_warned_by_a_wrong_clock_can_be_disabled_by_the_right_one(webhook, past, bound):
    warned_at = webhook("warned_at", YEARS.total_seconds())
    assert bound()
    assert warned_at() == past.now
