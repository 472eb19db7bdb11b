"""Resending with an edited payload: events never change, so it is a new one that says where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sender.core import schemas
from sender.models import Delivery, db
from sender.services import event_types, events, operations, queries
from sender.services.context import CHANGES, Context
from sender.services.deliveries.verbs import new_delivery, refuse_resend
from shared import changes, clock
from shared.database import writing
from shared.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class Resent:
    """A delivery just made, and where its payload departs from the event type's schema (no error)."""

    delivery: Delivery
    warnings: list[schemas.Problem]


def refuse_edit(delivery: Delivery) -> None:
    """Raise Conflict when a delivery cannot be resent, or its event is Hookloop's own word."""
    refuse_resend(delivery)
    if operations.is_operational(delivery.event_type):
        raise Conflict(f"Only Hookloop itself says {delivery.event_type}: resend it as it is.")


def resend_edited(context: Context, delivery_id: str, payload: dict[str, Any]) -> Resent:
    """Publish an event of the same type with `payload`, for the webhook of an old delivery alone; return its delivery.

    Raise NotFound, TooLarge, or Conflict when the old delivery cannot be resent or its event is Hookloop's own word.
    """
    text = events.write_payload(context, payload)
    with writing(db.session) as session:
        old = queries.lock_delivery(session, delivery_id)
        refuse_edit(old)
        now = clock.now()
        event = events.make(old.event_type, text, now, test=old.test)
        event.derived_from = old.event_id
        session.add(event)
        session.flush()
        fresh = new_delivery(event, old.webhook_id, now)
        session.add(fresh)
        changes.announce(session, CHANGES)
    return Resent(queries.get_delivery(fresh.id), _warnings(fresh.event_type, payload))


def _warnings(slug: str, payload: dict[str, Any]) -> list[schemas.Problem]:
    try:
        return schemas.validate(payload, event_types.get(slug).schema)
    except NotFound:  # an event type that this version no longer knows
        return []
