"""Held deliveries are released by exactly as many as were meant, on both databases."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event, func, insert, select

from sender.models import Delivery
from sender.services import outbox
from sender.services.deliveries import hold
from shared.database import writing_connection

MANY = 2000  # so many that PostgreSQL may want to join them


@pytest.fixture
def hold_many(deliverer, past):
    """Have so many deliveries be held for each of some webhooks."""

    def hold_many(webhook_ids, count):
        event_id = past.event(1)
        rows = [
            outbox.new_delivery(event_id, "payment_received", webhook_id, past.now) | {"next_attempt_at": None}
            for webhook_id in webhook_ids
            for _ in range(count)
        ]
        with writing_connection(deliverer.engine) as connection:
            connection.execute(insert(Delivery), rows)

    return hold_many


def count(engine, *conditions):
    """How many deliveries each webhook has that meet the conditions."""
    query = select(Delivery.webhook_id, func.count()).where(*conditions).group_by(Delivery.webhook_id)
    with engine.connect() as connection:
        return Counter(dict(connection.execute(query).all()))


def due(engine):
    return count(engine, Delivery.next_attempt_at.is_not(None))


def sweep(deliverer):
    """Sweep once and return how many deliveries were written."""
    written = []

    def note(connection, cursor, statement, *_):
        if statement.startswith("UPDATE deliveries"):
            written.append(cursor.rowcount)

    event.listen(deliverer.engine, "after_cursor_execute", note)
    try:
        deliverer.sweep()
    finally:
        event.remove(deliverer.engine, "after_cursor_execute", note)
    return sum(written)


def test_what_is_paused_is_left_alone(hook, hold_many, deliverer):
    """Released and put aside again ten times a second, it would keep others from writing for as long as the pause."""
    hold_many([hook["id"]], 3)
    deliverer.set(hook["id"], active=False)
    assert hold.release_held(deliverer.engine, deliverer.now) == (False, None)
    assert due(deliverer.engine) == {}


def test_after_a_rest_one_of_many_is_released_as_a_probe(api, sink, deliverer, hold_many):
    hook = api.webhook(sink.url())["id"]
    deliverer.set(hook, blocked_until=deliverer.now - timedelta(seconds=1), blocked_reason="breaker")
    hold_many([hook], MANY)
    assert deliverer.sweep() is None
    assert due(deliverer.engine) == {hook: 1}


def test_what_was_paused_is_released_by_so_many_at_once_oldest_first(api, sink, deliverer, hold_many):
    hook = api.webhook(sink.url())["id"]
    hold_many([hook], MANY)
    for turn in range(1, 5):
        deliverer.sweep()
        assert due(deliverer.engine) == {hook: turn * hold.AT_ONCE}
    assert MANY == 4 * hold.AT_ONCE


def test_one_sweep_is_short_however_many_webhooks_have_something_held(api, sink, deliverer, hold_many):
    hooks = [api.webhook(sink.url())["id"] for _ in range(10)]
    resting = hooks[3]
    deliverer.set(resting, blocked_until=deliverer.now - timedelta(seconds=1), blocked_reason="breaker")
    hold_many(hooks, MANY)
    share = hold.AT_ONCE // len(hooks)
    assert sweep(deliverer) == 9 * share + 1
    assert due(deliverer.engine) == {hook: share for hook in hooks if hook != resting} | {resting: 1}


def test_more_webhooks_than_a_sweep_releases_all_get_their_turn(api, sink, deliverer, hold_many, monkeypatch):
    monkeypatch.setattr(hold, "AT_ONCE", 3)
    hooks = [api.webhook(sink.url())["id"] for _ in range(5)]
    hold_many(hooks, 2)
    sweeps = 0
    while len(due(deliverer.engine)) < len(hooks):
        assert sweep(deliverer) <= 3
        sweeps += 1
        assert sweeps < 100
    assert sweeps > 1


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)  # SQLite has one writer anyhow
def test_what_another_worker_releases_is_left_to_it(api, sink, deliverer, hold_many):
    hook = api.webhook(sink.url())["id"]
    hold_many([hook], 3)
    with writing_connection(deliverer.engine) as other:
        locked = select(Delivery.id).order_by(Delivery.id).limit(2).with_for_update()
        first, second = other.scalars(locked)
        deliverer.sweep()
        with deliverer.engine.connect() as connection:
            released = connection.scalar(select(Delivery.id).where(Delivery.next_attempt_at.is_not(None)))
    assert released not in (None, first, second)
