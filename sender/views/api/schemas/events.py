"""Events as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from sender.models import Event
from sender.services.batches import MAX_EVENTS
from sender.services.events import Published
from sender.views.api.schemas.deliveries import DeliveryRef, Warning_
from shared import json_text
from shared.web.schemas import Moment, Strict


class EventIn(Strict):
    """An event to publish."""

    type: str = Field(examples=["payment_received"])
    payload: dict[str, Any] = Field(
        description="Any JSON object, sent in the order and with the numbers as they are spelled here: 49.90 stays so."
    )
    id: str | None = Field(None, description="The event's id, chosen by you; publishing it again sends nothing.")


class EventAccepted(BaseModel):
    """A stored event and the deliveries it owes."""

    id: str
    deliveries: list[DeliveryRef]
    warnings: list[Warning_]

    @classmethod
    def of(cls, published: Published) -> EventAccepted:
        """Return the view of a stored event."""
        return cls(
            id=published.id,
            deliveries=[DeliveryRef(id=one.id, webhook_id=one.webhook_id) for one in published.deliveries],
            warnings=[Warning_(field=problem.field, message=problem.message) for problem in published.warnings],
        )


class BatchIn(Strict):
    """Events to publish together."""

    events: list[EventIn] = Field(min_length=1, max_length=MAX_EVENTS)


class BatchAccepted(BaseModel):
    """The stored events, in the order in which they were sent."""

    items: list[EventAccepted]


class EventOut(BaseModel):
    """An event."""

    id: str
    type: str
    payload: dict[str, Any]
    test: bool
    created_at: Moment
    derived_from: str | None = Field(description="The event whose payload was edited and sent as this one.")
    deliveries: list[DeliveryRef]

    @classmethod
    def of(cls, event: Event) -> EventOut:
        """Return the view of an event."""
        refs = [DeliveryRef(id=delivery.id, webhook_id=delivery.webhook_id) for delivery in event.deliveries]
        return cls(
            id=event.id,
            type=event.type,
            payload=json_text.load(event.payload),
            test=event.test,
            created_at=event.created_at,
            derived_from=event.derived_from,
            deliveries=refs,
        )


class EventPage(BaseModel):
    """A page of events."""

    items: list[EventOut]
    next_cursor: str | None
