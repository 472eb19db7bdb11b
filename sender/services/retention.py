"""Retention: what is finished and old is deleted, a few rows at a time, so that delivering goes on meanwhile.

Rows to delete are looked for without a lock; then one short writing transaction deletes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, exists, literal_column, select

from sender.models import Attempt, Delivery, Event, Mail, Replay
from shared import ids
from shared.database import writing_connection

FINISHED = ("succeeded", "failed", "cancelled")

_IDS: Any = bindparam("ids", expanding=True)
_HAS_DELIVERY = exists().where(Delivery.event_id == Event.id)
# PostgreSQL: rows that someone works with right now (an event that is being resent) stay until another day.
_LOCK_DELIVERIES = select(Delivery.id, Delivery.event_id).where(Delivery.id.in_(_IDS)).with_for_update(skip_locked=True)
_LOCK_EVENTS = select(Event.id).where(Event.id.in_(_IDS)).with_for_update(skip_locked=True)


def prune(engine: Engine, older_than: datetime, limit: int = 500) -> int:
    """Delete up to `limit` rows that ended before `older_than` (attempts not counted) and return how many; 0: no more.

    Finished deliveries go with their attempts; then events that no delivery needs, replays that ended, and mails that
    are sent or given up. What is owed stays however old it is, and so does its event.
    """
    with engine.connect() as connection:
        deliveries = _old_deliveries(connection, older_than, limit)
        lone = [] if deliveries else list(connection.scalars(_lone_events(older_than, limit)))
    if deliveries:
        return _delete_deliveries(engine, deliveries, older_than)
    if lone:
        with writing_connection(engine) as connection:
            return _delete_events(connection, lone)
    return _delete_records(engine, older_than, limit)


def _old_deliveries(connection: Connection, older_than: datetime, limit: int) -> list[str]:
    """Return ids of old finished deliveries with at most `limit` attempts in all, but at least one id, if any is old.

    An attempt may hold much more than its delivery, so it is attempts that make the transaction long.
    """
    found: list[str] = []
    attempts = 0
    for state in FINISHED:
        # An id tells when its row was made, so that each state is a range of one index.
        rows = connection.execute(
            select(Delivery.id, Delivery.attempt_count)
            .where(
                Delivery.state == literal_column(f"'{state}'"),
                Delivery.id < ids.first("dlv", older_than),
                Delivery.finished_at < older_than,
            )
            .order_by(Delivery.id)
            .limit(limit - len(found))
        )
        for row in rows:
            attempts += row.attempt_count
            if found and attempts > limit:
                return found
            found.append(row.id)
        if len(found) >= limit:
            break
    return found


def _lone_events(older_than: datetime, limit: int) -> Any:
    return (
        select(Event.id)
        .where(Event.created_at < older_than, ~_HAS_DELIVERY)
        .order_by(Event.created_at, Event.id)
        .limit(limit)
    )


def _delete_deliveries(engine: Engine, delivery_ids: Sequence[str], older_than: datetime) -> int:
    with writing_connection(engine) as connection:
        rows = connection.execute(_LOCK_DELIVERIES, {"ids": delivery_ids}).all()
        held = [row.id for row in rows]
        connection.execute(delete(Attempt).where(Attempt.delivery_id.in_(held)))
        connection.execute(delete(Delivery).where(Delivery.id.in_(held)))
        old = select(Event.id).where(Event.id.in_({row.event_id for row in rows}), Event.created_at < older_than)
        return len(held) + _delete_events(connection, list(connection.scalars(old)))


def _delete_events(connection: Connection, event_ids: Sequence[str]) -> int:
    """Delete those of the events that have no delivery; they are locked first, so that none can be added."""
    locked = list(connection.scalars(_LOCK_EVENTS, {"ids": event_ids}))
    return connection.execute(delete(Event).where(Event.id.in_(locked), ~_HAS_DELIVERY)).rowcount


def _delete_records(engine: Engine, older_than: datetime, limit: int) -> int:
    """Delete replays and mails that are done with; both are few."""
    replays = select(Replay.id).where(
        Replay.state != "running", Replay.id < ids.first("rpl", older_than), Replay.finished_at < older_than
    )
    mails = select(Mail.id).where(Mail.next_attempt_at.is_(None), Mail.id < ids.first("eml", older_than))
    with engine.connect() as connection:
        old_replays = list(connection.scalars(replays.limit(limit)))
        old_mails = list(connection.scalars(mails.limit(limit)))
    if not old_replays and not old_mails:
        return 0
    with writing_connection(engine) as connection:
        connection.execute(delete(Replay).where(Replay.id.in_(old_replays)))
        connection.execute(delete(Mail).where(Mail.id.in_(old_mails)))
    return len(old_replays) + len(old_mails)
