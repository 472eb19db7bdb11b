"""`/api/v1/events`: publish events and look at them."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from sender.services import batches, context, events, queries
from sender.services.events import EventDraft
from sender.views.api.schemas.base import ById, When
from sender.views.api.schemas.events import BatchAccepted, BatchIn, EventAccepted, EventIn, EventOut, EventPage
from shared.web.json import reply
from shared.web.reference import refusal
from shared.web.schemas import PageQuery

api = APIBlueprint(
    "api_events",
    __name__,
    url_prefix="/api/v1/events",
    abp_tags=[Tag(name="Events", description="Publish what happened.")],
    abp_security=[{"token": []}],
)

_TAKEN = refusal("An event with this id or idempotency key was published before, with another content.")


class EventQuery(PageQuery):
    """Which events to list."""

    event_type: str | None = None
    since: When | None = Field(None, description="Created at or after this moment (RFC 3339).")
    until: When | None = Field(None, description="Created before this moment.")


class PublishHeaders(BaseModel):
    """Headers of a publication."""

    key: str | None = Field(
        None, alias="Idempotency-Key", description="The same key again gives the same answer and sends nothing."
    )

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the schema; made once, as flask-openapi3 asks for it at every request (1 ms)."""
        if args or options:
            return super().model_json_schema(*args, **options)
        return _headers_schema()


@cache
def _headers_schema() -> dict[str, Any]:
    return BaseModel.model_json_schema.__func__(PublishHeaders)  # type: ignore[attr-defined,no-any-return]


@api.post("", responses={202: EventAccepted, 409: _TAKEN})
def publish(header: PublishHeaders, body: EventIn) -> Response:
    """Publish an event: answered once it and its deliveries are stored."""
    published = events.publish(context.current(), EventDraft(body.type, body.payload, body.id, header.key))
    return reply(EventAccepted.of(published), 202, Location=f"/api/v1/events/{published.id}")


@api.post("/batch", responses={202: BatchAccepted, 409: _TAKEN})
def publish_batch(header: PublishHeaders, body: BatchIn) -> Response:
    """Publish up to 500 events, all or none: answered once they and their deliveries are stored.

    `items` are in the order of `events`. Errors name their event, as `events[3].type`.
    """
    batch = [EventDraft(event.type, event.payload, event.id) for event in body.events]
    published = batches.publish_batch(context.current(), batch, header.key)
    return reply(BatchAccepted(items=[EventAccepted.of(one) for one in published]), 202)


@api.get("", responses={200: EventPage})
def list_events(query: EventQuery) -> Response:
    """List events, newest first."""
    page = queries.list_events(query.event_type, query.since, query.until, query.limit, query.cursor)
    return reply(EventPage(items=[EventOut.of(row) for row in page.items], next_cursor=page.next_cursor))


@api.get("/<id>", responses={200: EventOut})
def get_event(path: ById) -> Response:
    """Get one event."""
    return reply(EventOut.of(queries.get_event(path.id)))
