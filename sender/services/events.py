"""Publishing: an event and the deliveries it owes commit together, once per idempotency key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sender.core import drafts, matching, schemas
from sender.models import Delivery, Event, Webhook, db
from sender.services import event_types, queries
from sender.services.context import CHANGES, Context
from shared import changes, clock, ids, json_text
from shared.database import writing
from shared.errors import Conflict, FieldError, InvalidInput, TooLarge

MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event as it is handed in; with `id` or `key` handing it in again changes nothing."""

    type: str
    payload: dict[str, Any]
    id: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A stored event, whether this call stored it, and where its payload departs from the schema (no error)."""

    event: Event
    fresh: bool
    warnings: list[schemas.Problem]


def publish(context: Context, draft: EventDraft) -> Published:
    """Store an event with one delivery for each active webhook that wants it, in one transaction, and return it.

    The same id or idempotency key again returns the event stored before and sends nothing; with another content it
    raises Conflict. Raise InvalidInput for an unknown type or id, TooLarge for too long a payload.
    """
    kind = _check(draft)
    text = json_text.dump(draft.payload)
    if len(text.encode()) > context.settings.max_payload:
        raise TooLarge(f"The payload is larger than {context.settings.max_payload} bytes.")
    warnings = schemas.validate(draft.payload, kind.schema)
    try:
        event, fresh = _store(draft, text)
    except IntegrityError:  # PostgreSQL: another process stored the same id or key between our look and our insert
        event, fresh = _store(draft, text)
    return Published(queries.get_event(event.id), fresh, warnings)


def make(slug: str, payload: str, now: datetime, *, test: bool, event_id: str | None = None) -> Event:
    """Return a new event with `payload` (JSON text), not yet in a session."""
    digest = hashlib.sha256(f"{slug}\n{payload}".encode()).hexdigest()
    return Event(
        id=event_id or ids.new("evt", now), type=slug, payload=payload, test=test, created_at=now, digest=digest
    )


def _check(draft: EventDraft) -> event_types.EventType:
    if draft.id is not None and (faults := drafts.check_event_id(draft.id)):
        raise InvalidInput.of(*faults)
    if draft.key is not None and not 1 <= len(draft.key) <= MAX_KEY:
        raise InvalidInput.of(FieldError("Idempotency-Key", f"Use 1 to {MAX_KEY} characters."))
    return event_types.publishable(draft.type)


def _store(draft: EventDraft, text: str) -> tuple[Event, bool]:
    now = clock.now()
    event = make(draft.type, text, now, test=False, event_id=draft.id)
    event.idempotency_key = draft.key
    with writing(db.session) as session:
        if earlier := _find_earlier(session, event):
            return earlier, False
        session.add(event)
        session.flush()
        session.add_all(_owed(session, event, now))
        changes.announce(session, CHANGES)
    return event, True


def _find_earlier(session: Session, event: Event) -> Event | None:
    """Return the event stored before under the same key or id; raise Conflict when it says something else."""
    earlier = None
    if event.idempotency_key is not None:
        earlier = session.scalar(select(Event).where(Event.idempotency_key == event.idempotency_key))
    if earlier is None:
        earlier = session.get(Event, event.id)
    if earlier is not None and earlier.digest != event.digest:
        raise Conflict("An event with this id or idempotency key was published before, with another content.")
    return earlier


def _owed(session: Session, event: Event, now: datetime) -> list[Delivery]:
    query = select(Webhook.id, Webhook.event_types).where(Webhook.active.is_(True), Webhook.deleted_at.is_(None))
    return [
        Delivery(
            id=ids.new("dlv", now),
            event_id=event.id,
            webhook_id=webhook_id,
            event_type=event.type,
            state="pending",
            test=False,
            created_at=now,
            next_attempt_at=now,
            attempt_count=0,
        )
        for webhook_id, patterns in session.execute(query)
        if matching.matches(patterns, event.type)
    ]
