"""A worker whose clock is stepped, back or forwards, goes on and strands nothing."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from sender.models import Webhook, WorkerProcess
from shared import clock
from shared.database import writing_connection
from tests.sender.clock.waiting import HOUR, YEARS, scalar


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


def test_a_worker_whose_clock_is_set_forwards_makes_what_is_due_by_it_once(api, sink, engine, past, stepped, worker):
    """A retry, the end of a rest and a replay come early; nothing is made twice for it, and all of it is recorded."""
    retrying, resting, replayed = [api.webhook(sink.url())["id"] for _ in range(3)]
    missed = [past.event(0.5) for _ in range(3)]
    with writing_connection(engine) as connection:
        rests = {"blocked_until": past.now + HOUR / 2, "blocked_reason": "retry_after"}
        connection.execute(update(Webhook).values(created_at=past.ago(1)))
        connection.execute(update(Webhook).where(Webhook.id == resting).values(**rests))
    past.delivery(past.event(2), retrying, "pending", 2, next_attempt_at=past.now + HOUR / 2)
    for _ in range(2):
        past.delivery(past.event(2), resting, "pending", 2)
    given = {"since": past.ago(0.9).isoformat(), "state": "missing", "webhook_id": replayed, "rate": 1}
    assert api("POST", "/api/v1/replays", given)[0] == 202
    api.finished(1)  # what is still under way would be made again
    stepped(HOUR)
    found = api.finished(3 + len(missed))
    assert {row["state"] for row in found} == {"succeeded"}
    assert Counter(row["webhook_id"] for row in found) == {retrying: 1, resting: 2, replayed: len(missed)}
    numbers = [[attempt["number"] for attempt in row["attempts"]] for row in found]
    assert sorted(numbers) == [[1]] * len(missed) + [[1, 2]] * 3
    assert len(sink.requests) == len(found)


def test_what_is_under_way_when_the_clock_is_set_forwards_is_made_again_and_both_attempts_are_kept(
    api, sink, engine, stepped, worker
):
    """Its lease has ended by the new clock: the worker's own late answer is fenced out like another's."""
    may_answer = threading.Event()
    sink.answer = lambda _sent: ({}, b"ok" if may_answer.wait(30) else b"late")
    api.webhook(sink.url())
    assert api("POST", "/api/v1/events", {"type": "payment_received", "payload": {}})[0] == 202
    sink.wait_for(1)
    stepped(HOUR)
    sink.wait_for(2)
    stepped(HOUR)
    sink.wait_for(3)
    may_answer.set()
    deadline = clock.monotonic() + 30
    while len((delivery := api.finished(1)[0])["attempts"]) < 3:
        assert clock.monotonic() < deadline, delivery
    assert delivery["state"] == "succeeded"
    assert [attempt["number"] for attempt in delivery["attempts"]] == [1, 2, 3]
    assert {attempt["response"]["body_base64"] for attempt in delivery["attempts"]} == {"b2s="}, "none came too late"
    assert len(sink.requests) == 3
    assert scalar(engine, select(Webhook.succeeded_count)) == 1
