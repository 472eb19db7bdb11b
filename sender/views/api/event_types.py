"""`/api/v1/event-types`: the catalogue."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field

from sender.services import event_types
from sender.services.event_types import EventTypeDraft
from sender.views.api.schemas.base import BySlug
from sender.views.api.schemas.event_types import EventTypeIn, EventTypeOut, EventTypePage, EventTypePatch
from shared.web.json import nothing, reply
from shared.web.reference import refusal
from shared.web.schemas import PageQuery

api = APIBlueprint(
    "api_event_types",
    __name__,
    url_prefix="/api/v1/event-types",
    abp_tags=[Tag(name="Event types", description="What can happen, with an example and a schema.")],
    abp_security=[{"token": []}],
)


class CatalogueQuery(PageQuery):
    """Which part of the catalogue to list."""

    limit: int = Field(200, ge=1, le=200, description="Rows per page.")
    retired: bool = Field(False, description="Also list retired event types.")


@api.get("", responses={200: EventTypePage})
def list_event_types(query: CatalogueQuery) -> Response:
    """List event types, the operator's own first."""
    page = event_types.list_types(query.limit, query.cursor, retired=query.retired)
    return reply(EventTypePage(items=[EventTypeOut.of(kind) for kind in page.items], next_cursor=page.next_cursor))


@api.post("", responses={201: EventTypeOut, 409: refusal("There already is an event type with this slug.")})
def create_event_type(body: EventTypeIn) -> Response:
    """Add an event type of your own."""
    draft = EventTypeDraft(body.slug, body.name, body.description, body.example, body.json_schema)
    kind = event_types.create(draft)
    return reply(EventTypeOut.of(kind), 201, Location=f"/api/v1/event-types/{kind.slug}")


@api.get("/<slug>", responses={200: EventTypeOut})
def get_event_type(path: BySlug) -> Response:
    """Get one event type."""
    return reply(EventTypeOut.of(event_types.get(path.slug)))


@api.patch("/<slug>", responses={200: EventTypeOut, 409: refusal("A built-in event type can be retired, not changed.")})
def change_event_type(path: BySlug, body: EventTypePatch) -> Response:
    """Change an event type of your own, or retire or restore any."""
    kind = event_types.get(path.slug)
    changed = body.model_fields_set - {"retired"}
    if changed:
        draft = EventTypeDraft(
            kind.slug,
            kind.name if body.name is None else body.name,
            kind.description if body.description is None else body.description,
            kind.example if body.example is None else body.example,
            body.json_schema if "json_schema" in changed or "example" in changed else kind.schema,
        )
        kind = event_types.change(path.slug, draft)
    if body.retired is not None:
        kind = event_types.mark(path.slug, retired=body.retired)
    return reply(EventTypeOut.of(kind))


@api.delete("/<slug>", responses={204: None})
def retire_event_type(path: BySlug) -> Response:
    """Retire an event type; one of your own that no event has used is deleted."""
    event_types.remove(path.slug)
    return nothing()
