"""`/api/v1/events`: publish events and look at them."""

from __future__ import annotations

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from sender.services import context, events, queries
from sender.services.events import EventDraft
from sender.views.api.schemas.base import ById, PageQuery, When
from sender.views.api.schemas.deliveries import DeliveryRef
from sender.views.api.schemas.events import EventAccepted, EventIn, EventOut, EventPage, Warning_
from shared.web.json import reply

api = APIBlueprint(
    "api_events",
    __name__,
    url_prefix="/api/v1/events",
    abp_tags=[Tag(name="Events", description="Publish what happened.")],
    abp_security=[{"token": []}],
)


class EventQuery(PageQuery):
    """Which events to list."""

    event_type: str | None = None
    since: When | None = Field(None, description="Created at or after this moment (RFC 3339).")
    until: When | None = Field(None, description="Created before this moment.")


class PublishHeaders(BaseModel):
    """Headers of a publication."""

    model_config = ConfigDict(populate_by_name=True)

    key: str | None = Field(
        None, alias="Idempotency-Key", description="The same key again gives the same answer and sends nothing."
    )


@api.post("", responses={202: EventAccepted})
def publish(header: PublishHeaders, body: EventIn) -> Response:
    """Publish an event: answered once it and its deliveries are stored."""
    key = request.headers.get("Idempotency-Key", header.key)
    published = events.publish(context.current(), EventDraft(body.type, body.payload, body.id, key))
    event = published.event
    accepted = EventAccepted(
        id=event.id,
        deliveries=[DeliveryRef(id=row.id, webhook_id=row.webhook_id) for row in event.deliveries if not row.resend_of],
        warnings=[Warning_(field=problem.field, message=problem.message) for problem in published.warnings],
    )
    return reply(accepted, 202, Location=f"/api/v1/events/{event.id}")


@api.get("", responses={200: EventPage})
def list_events(query: EventQuery) -> Response:
    """List events, newest first."""
    page = queries.list_events(query.event_type, query.since, query.until, query.limit, query.cursor)
    return reply(EventPage(items=[EventOut.of(row) for row in page.items], next_cursor=page.next_cursor))


@api.get("/<id>", responses={200: EventOut})
def get_event(path: ById) -> Response:
    """Get one event."""
    return reply(EventOut.of(queries.get_event(path.id)))
