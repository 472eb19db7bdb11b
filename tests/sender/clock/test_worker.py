"""A worker whose clock is stepped goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from sender.models import Webhook, WorkerProcess
from shared import clock
from shared.database import writing_connection
from tests.sender.clock.waiting import HOUR, YEARS


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
