"""Publishing: an event and the deliveries it owes commit together, once per id and idempotency key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sender.core import drafts, schemas
from sender.models import Event
from sender.services import event_types
from sender.services.context import Context
from sender.services.outbox import Departure, Item, Owed, store
from shared import ids, json_text
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
    """A stored event and what it owes, whether this call stored it, and where its payload departs from the schema."""

    id: str
    fresh: bool
    deliveries: list[Owed]
    warnings: list[schemas.Problem]


def publish(context: Context, draft: EventDraft) -> Published:
    """Store an event with one delivery for each active webhook that wants it, in one transaction, and return it.

    The same id or idempotency key again returns the event stored before and sends nothing; with another content it
    raises Conflict. Raise InvalidInput for an unknown type or id, TooLarge for too long a payload.
    """
    if draft.id is not None and (faults := drafts.check_event_id(draft.id)):
        raise InvalidInput.of(*faults)
    check_key(draft.key)
    kind = event_types.publishable(draft.type)
    text = write_payload(context, draft.payload)
    warnings = schemas.validate(draft.payload, kind.schema)
    try:
        (stored,) = store([Item(draft.type, text, digest(draft.type, text), draft.id, draft.key)])
    except Departure:
        raise Conflict("An event with this id or idempotency key was published before, with another content.") from None
    return Published(stored.id, stored.fresh, stored.deliveries, warnings)


def make(slug: str, payload: str, now: datetime, *, test: bool) -> Event:
    """Return a new event with `payload` (JSON text), not yet in a session."""
    return Event(
        id=ids.new("evt", now), type=slug, payload=payload, test=test, created_at=now, digest=digest(slug, payload)
    )


def check_key(key: str | None) -> None:
    """Raise InvalidInput for an idempotency key that is empty or too long."""
    if key is not None and not 1 <= len(key) <= MAX_KEY:
        raise InvalidInput.of(FieldError("Idempotency-Key", f"Use 1 to {MAX_KEY} characters."))


def write_payload(context: Context, payload: dict[str, Any]) -> str:
    """Return the JSON text that deliveries carry; raise TooLarge."""
    text = json_text.dump(payload)
    limit = context.settings.max_payload
    if len(text) > limit or len(text.encode()) > limit:
        raise TooLarge(f"The payload is larger than {limit} bytes.")
    return text


def digest(slug: str, payload: str) -> str:
    """Return what tells two contents apart: 64 hex digits of the type and the payload's text."""
    return hashlib.sha256(f"{slug}\n{payload}".encode()).hexdigest()
