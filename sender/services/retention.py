"""Retention: what is finished and old is deleted, a few rows at a time, so that delivering goes on meanwhile.

Rows to delete are looked for without a lock; then one short writing transaction deletes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, delete, exists, literal_column, select

from sender.models import FINISHED_STATES, Attempt, Delivery, Event, Mail, Replay
from shared import ids
from shared.bulk import Rows, among
from shared.database import writing_connection

_HAS_DELIVERY = exists().where(Delivery.event_id == Event.id)
# An id tells when its row was made, so that what is old of each state is a range of one index.
_OLD_DELIVERIES = {
    state: Rows(
        select(Delivery.id, Delivery.attempt_count)
        .where(
            Delivery.state == literal_column(f"'{state}'"),
            Delivery.id < bindparam("first"),
            Delivery.finished_at < bindparam("older_than"),
        )
        .order_by(Delivery.id)
        .limit(bindparam("limit"))
    )
    for state in FINISHED_STATES
}
_OLD_EVENTS = Rows(select(Event.id).where(among(Event.id, "ids"), Event.created_at < bindparam("older_than")))
_LONE_EVENTS = Rows(
    select(Event.id)
    .where(Event.created_at < bindparam("older_than"), ~_HAS_DELIVERY)
    .order_by(Event.created_at, Event.id)
    .limit(bindparam("limit"))
)
# PostgreSQL: rows that someone works with right now (an event that is being resent) stay until another day.
_LOCK_DELIVERIES = Rows(
    select(Delivery.id, Delivery.event_id).where(among(Delivery.id, "ids")).with_for_update(skip_locked=True)
)
_LOCK_EVENTS = Rows(select(Event.id).where(among(Event.id, "ids")).with_for_update(skip_locked=True))
_DELETE_ATTEMPTS = delete(Attempt).where(among(Attempt.delivery_id, "ids"))
_DELETE_DELIVERIES = delete(Delivery).where(among(Delivery.id, "ids"))
_DELETE_EVENTS = delete(Event).where(among(Event.id, "ids"), ~_HAS_DELIVERY)


def prune(engine: Engine, older_than: datetime, limit: int = 200) -> int:
    """Delete up to `limit` rows that ended before `older_than` (attempts not counted) and return how many; 0: no more.

    Finished deliveries go with their attempts; then events that no delivery needs, replays that ended, and mails that
    are sent or given up. What is owed stays however old it is, and so does its event.
    """
    with engine.connect() as connection:
        deliveries = _old_deliveries(connection, older_than, limit)
        lone = [] if deliveries else _LONE_EVENTS.all(connection, {"older_than": older_than, "limit": limit})
    if deliveries:
        return _delete_deliveries(engine, deliveries, older_than)
    if lone:
        with writing_connection(engine) as connection:
            return _delete_events(connection, [row.id for row in lone])
    return _delete_records(engine, older_than, limit)


def _old_deliveries(connection: Connection, older_than: datetime, limit: int) -> list[str]:
    """Return ids of old finished deliveries with at most `limit` attempts in all, but at least one id, if any is old.

    An attempt may hold much more than its delivery, so it is attempts that make the transaction long.
    """
    found: list[str] = []
    attempts = 0
    for query in _OLD_DELIVERIES.values():
        values = {"first": ids.first("dlv", older_than), "older_than": older_than, "limit": limit - len(found)}
        rows = query.all(connection, values)
        for row in rows:
            attempts += row.attempt_count
            if found and attempts > limit:
                return found
            found.append(row.id)
        if len(found) >= limit:
            break
    return found


def _delete_deliveries(engine: Engine, delivery_ids: Sequence[str], older_than: datetime) -> int:
    with writing_connection(engine) as connection:
        rows = _LOCK_DELIVERIES.all(connection, {"ids": delivery_ids})
        held = {"ids": [row.id for row in rows]}
        connection.execute(_DELETE_ATTEMPTS, held)
        connection.execute(_DELETE_DELIVERIES, held)
        events = {"ids": sorted({row.event_id for row in rows}), "older_than": older_than}
        return len(rows) + _delete_events(connection, [row.id for row in _OLD_EVENTS.all(connection, events)])


def _delete_events(connection: Connection, event_ids: Sequence[str]) -> int:
    """Delete those of the events that have no delivery; they are locked first, so that none can be added."""
    locked = [row.id for row in _LOCK_EVENTS.all(connection, {"ids": event_ids})]
    return connection.execute(_DELETE_EVENTS, {"ids": locked}).rowcount


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
