"""Storing events with the deliveries that they owe: one transaction, however many; hot, so without the ORM."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from sender.core import matching
from sender.models import Delivery, Event, Webhook, db
from sender.services.context import CHANGES
from shared import changes, clock, ids
from shared.bulk import BulkInsert
from shared.database import writing_connection
from shared.moments import microseconds

_TRIES = 3
_DEADLOCK = "40P01"  # PostgreSQL's SQLSTATE

_Name = tuple[Literal["key", "id"], str | None]  # what an event is known by; None, which an item may have, names none

ACTIVE = (
    select(Webhook.id, Webhook.event_types)
    .where(Webhook.active.is_(True), Webhook.deleted_at.is_(None))
    .order_by(Webhook.id)
)
_EVENT_COLUMNS = ("id", "type", "payload", "test", "created_at", "idempotency_key", "digest")
_DELIVERY_COLUMNS = (
    "id",
    "event_id",
    "webhook_id",
    "event_type",
    "state",
    "test",
    "created_at",
    "next_attempt_at",
    "attempt_count",
)
_EVENTS = BulkInsert(Event.__table__, _EVENT_COLUMNS)
_DELIVERIES = BulkInsert(Delivery.__table__, _DELIVERY_COLUMNS)


@dataclass(frozen=True, slots=True)
class Item:
    """An event to store: its content, and the id or key under which it may have been stored before."""

    type: str
    payload: str
    digest: str
    id: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """A delivery that an event owes."""

    id: str
    webhook_id: str


@dataclass(slots=True)
class Stored:
    """A stored event, whether this call stored it, and its first deliveries."""

    id: str
    fresh: bool
    deliveries: list[Owed] = field(default_factory=list)


class Departure(Exception):
    """The item at `index` was stored before, under the same id or key, with another content."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


def store(items: Sequence[Item], unused_keys: Collection[str] = ()) -> list[Stored]:
    """Store events, all or none, each with a delivery for each active webhook that wants it; return one for each item.

    An item whose id or key is known, from before or from an item before it, stores nothing. Raise Departure when it
    says something else, or when one of `unused_keys`, which would come after the last item's, is in use.
    """
    for _ in range(_TRIES - 1):
        try:
            return _store(items, unused_keys)
        except DBAPIError as error:  # PostgreSQL: another process stored the same between our look and our insert
            if not isinstance(error, IntegrityError) and getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                raise
    return _store(items, unused_keys)


def new_delivery(event_id: str, slug: str, webhook_id: str, now: datetime) -> dict[str, Any]:
    """Return the row of a pending delivery, due at `now`."""
    return {
        "id": ids.new("dlv", now),
        "event_id": event_id,
        "webhook_id": webhook_id,
        "event_type": slug,
        "state": "pending",
        "test": False,
        "created_at": now,
        "next_attempt_at": now,
        "attempt_count": 0,
    }


def _store(items: Sequence[Item], unused_keys: Collection[str]) -> list[Stored]:
    now = clock.now()
    if db.session().in_transaction():
        db.session.rollback()  # what it has read is from before
    with writing_connection(db.engine) as connection:
        stored, rows = _sort_out(items, _find_earlier(connection, items, unused_keys), now)
        deliveries = _owed(connection, rows, now)
        if rows:
            # In one order, so that batches with the same ids wait for one another and never in a circle.
            _EVENTS.run(connection, [_in_order(row, _EVENT_COLUMNS) for row in sorted(rows, key=lambda row: row["id"])])
            changes.announce(connection, CHANGES)
        _DELIVERIES.run(connection, [_in_order(row, _DELIVERY_COLUMNS) for row in deliveries])
        by_event = _first_deliveries(connection, {one.id for one in stored} - {row["id"] for row in rows})
    for delivery in deliveries:
        by_event[delivery["event_id"]].append(Owed(delivery["id"], delivery["webhook_id"]))
    for one in stored:
        one.deliveries = by_event[one.id]
    return stored


def _find_earlier(
    connection: Connection, items: Sequence[Item], unused_keys: Collection[str]
) -> dict[_Name, tuple[str, str]]:
    """Return id and digest of the events stored before, by (`key`, key) and (`id`, id)."""
    columns = (Event.id, Event.idempotency_key, Event.digest)
    keys = {item.key for item in items if item.key is not None}
    event_ids = {item.id for item in items if item.id is not None}
    found: dict[_Name, tuple[str, str]] = {}
    if keys:
        for row in connection.execute(select(*columns).where(Event.idempotency_key.in_(keys | set(unused_keys)))):
            if row.idempotency_key in unused_keys:
                raise Departure(len(items))
            found["key", row.idempotency_key] = (row.id, row.digest)
    if event_ids:
        for row in connection.execute(select(*columns).where(Event.id.in_(event_ids))):
            found["id", row.id] = (row.id, row.digest)
    return found


def _sort_out(
    items: Sequence[Item], known: dict[_Name, tuple[str, str]], now: datetime
) -> tuple[list[Stored], list[dict[str, Any]]]:
    """Return one Stored for each item and the rows of the fresh ones; raise Departure."""
    repeats = any(kind == "key" for kind, _ in known)  # then all of it was stored before, or it is another batch
    stored: list[Stored] = []
    rows: list[dict[str, Any]] = []
    for index, item in enumerate(items):
        earlier = known.get(("key", item.key)) or known.get(("id", item.id))
        if (earlier is None and repeats) or (earlier is not None and earlier[1] != item.digest):
            raise Departure(index)
        if earlier is not None:
            stored.append(Stored(earlier[0], fresh=False))
            continue
        event_id = item.id or ids.new("evt", now)
        known["id", event_id] = (event_id, item.digest)
        stored.append(Stored(event_id, fresh=True))
        rows.append(_row(item, event_id, now))
    return stored, rows


def _row(item: Item, event_id: str, now: datetime) -> dict[str, Any]:
    return {
        "id": event_id,
        "type": item.type,
        "payload": item.payload,
        "test": False,
        "created_at": now,
        "idempotency_key": item.key,
        "digest": item.digest,
    }


def _in_order(row: Mapping[str, Any], names: Sequence[str]) -> tuple[Any, ...]:
    values = [row[name] for name in names]
    return tuple([microseconds(value) if isinstance(value, datetime) else value for value in values])


def _owed(connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    if not rows:
        return []
    webhooks = connection.execute(ACTIVE).all()
    wanting: dict[str, list[str]] = {
        slug: [row.id for row in webhooks if matching.matches(row.event_types, slug)]
        for slug in {row["type"] for row in rows}
    }
    return [new_delivery(row["id"], row["type"], one, now) for row in rows for one in wanting[row["type"]]]


def _first_deliveries(connection: Connection, event_ids: Collection[str]) -> dict[str, list[Owed]]:
    """Return by event the deliveries that its publication made, and not those that were asked for later."""
    found: dict[str, list[Owed]] = defaultdict(list)
    if event_ids:
        query = select(Delivery.id, Delivery.webhook_id, Delivery.event_id).where(
            Delivery.event_id.in_(event_ids), Delivery.resend_of.is_(None), Delivery.replay_id.is_(None)
        )
        for row in connection.execute(query.order_by(Delivery.webhook_id)):
            found[row.event_id].append(Owed(row.id, row.webhook_id))
    return found
