"""All that waits for a moment, and a clock that is set back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from sender.models import Delivery, Mail, Replay, Webhook, WorkerProcess
from sender.services import clock_steps
from shared.database import writing_connection
from tests.sender.clock.waiting import scalar


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
        return lambda: scalar(engine, select(Delivery.next_attempt_at).where(Delivery.id == made))

    return delivery


@pytest.fixture
def webhook(engine, past, hook):
    """Give the webhook values, moments as seconds from now; give a look at one of them."""

    def webhook(column, seconds, **values):
        moment = past.now + timedelta(seconds=seconds)
        with writing_connection(engine) as connection:
            connection.execute(update(Webhook).values({column: moment, **values}))
        return lambda: scalar(engine, select(getattr(Webhook, column)))

    return webhook


@pytest.fixture
def replay(engine, past):
    def replay(seconds):
        row = {"since": past.ago(9), "until": past.now, "rate": 1, "total": 9, "created_at": past.now}
        row |= {"id": "rpl_1", "state": "running", "next_step_at": past.now + timedelta(seconds=seconds)}
        with writing_connection(engine) as connection:
            connection.execute(insert(Replay), [row])
        return lambda: scalar(engine, select(Replay.next_step_at))

    return replay


@pytest.fixture
def mail(engine, past):
    def mail(seconds):
        row = {"id": "eml_1", "subject": "s", "text": "t", "created_at": past.now, "attempt_count": 1}
        with writing_connection(engine) as connection:
            connection.execute(insert(Mail), [row | {"next_attempt_at": past.now + timedelta(seconds=seconds)}])
        return lambda: scalar(engine, select(Mail.next_attempt_at))

    return mail
