"""A clock that is set back strands nothing: what was due stays due, a lease ends, a rate limit lets go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sender.models import Delivery, Webhook, db
from sender.services.deliveries import keep_due
from shared import clock
from shared.database import writing_connection
from tests.sender.past import Past

LEASE = 60.0
HOUR = timedelta(hours=1)


@pytest.fixture
def engine(app):
    with app.app_context():
        return db.engine


@pytest.fixture
def set_back(engine):
    """Have the clock be set back by an hour; return the moment that it shows then."""

    def set_back():
        was = clock.now()
        for _ in range(2):  # as two workers do
            with writing_connection(engine) as connection:
                keep_due(connection, was, was - HOUR, LEASE)
        return was - HOUR

    return set_back


@pytest.fixture
def delivery(engine, api, sink):
    """Make a delivery in a state whose next moment is so many seconds from now; give a look at that moment."""
    webhook = api.webhook(sink.url())["id"]
    past = Past(engine)

    def delivery(state, seconds):
        values = {
            "next_attempt_at": past.now + timedelta(seconds=seconds),
            "claim_id": "claim" if state == "sending" else None,
        }
        made = past.delivery(past.event(1), webhook, state, 1, **values)
        return lambda: _scalar(engine, select(Delivery.next_attempt_at).where(Delivery.id == made))

    return delivery


def _scalar(engine, query):
    with engine.connect() as connection:
        return connection.scalar(query)


def test_what_was_due_stays_due_and_what_was_not_waits(delivery, set_back):
    due, later = delivery("pending", -5), delivery("pending", 300)
    scheduled = later()
    now = set_back()
    assert due() == now
    assert later() == scheduled


def test_a_delivery_that_was_due_for_longer_than_the_step_keeps_its_turn(delivery, set_back):
    old = delivery("pending", -7200)
    before = old()
    set_back()
    assert old() == before


def test_a_lease_ends_no_later_than_a_lease_from_now(delivery, set_back):
    before_the_step, ended = delivery("sending", 50), delivery("sending", -3590)
    ends_at = ended()
    now = set_back()
    assert before_the_step() == now + timedelta(seconds=LEASE)
    assert ended() == ends_at  # ten seconds from now: sooner than a new lease


@pytest.mark.parametrize(("column", "seconds"), [("paced_until", 30), ("paced_until", -30), ("blocked_until", -30)])
def test_a_webhook_that_might_be_sent_to_may_be_sent_to(engine, api, sink, set_back, column, seconds):
    webhook = api.webhook(sink.url())["id"]
    with writing_connection(engine) as connection:
        moment = clock.now() + timedelta(seconds=seconds)
        connection.execute(update(Webhook).where(Webhook.id == webhook).values({column: moment}))
    now = set_back()
    assert _scalar(engine, select(getattr(Webhook, column)).where(Webhook.id == webhook)) == now


def test_a_rest_that_is_not_over_goes_on(engine, api, sink, set_back):
    webhook = api.webhook(sink.url())["id"]
    until = clock.now() + timedelta(seconds=30)
    with writing_connection(engine) as connection:
        connection.execute(update(Webhook).where(Webhook.id == webhook).values(blocked_until=until))
    set_back()
    assert _scalar(engine, select(Webhook.blocked_until).where(Webhook.id == webhook)) == until
