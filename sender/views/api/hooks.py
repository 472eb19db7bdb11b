"""`/api/v1/hooks`: REST-hook subscriptions, as Zapier's platform makes them."""

from __future__ import annotations

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from sender.services import context, hooks
from sender.views.api.schemas.base import ById
from sender.views.api.schemas.hooks import HookIn, HookOut
from shared import json_text
from shared.web.json import nothing, reply
from shared.web.reference import refusal

api = APIBlueprint(
    "api_hooks",
    __name__,
    url_prefix="/api/v1/hooks",
    abp_tags=[Tag(name="REST hooks", description="Subscriptions that an automation platform manages by itself.")],
    abp_security=[{"token": []}],
)


class SampleQuery(BaseModel):
    """Of which event type a sample is wanted."""

    event: str


@api.post("", responses={201: HookOut})
def subscribe(body: HookIn) -> Response:
    """Subscribe a URL to an event type; it gets the payload alone (flat JSON)."""
    webhook = hooks.subscribe(context.current(), body.target_url, body.event, request.headers.get("User-Agent", ""))
    return reply(HookOut(id=webhook.id), 201, Location=f"/api/v1/hooks/{webhook.id}")


@api.get(
    "/sample",
    responses={200: {"content": {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}}}},
)
def sample(query: SampleQuery) -> Response:
    """Get a list with one example payload."""
    return Response(json_text.dump(hooks.sample(query.event)), content_type="application/json")


@api.delete("/<id>", responses={204: None, 422: refusal("A person made this webhook.")})
def unsubscribe(path: ById) -> Response:
    """End a subscription."""
    hooks.unsubscribe(path.id)
    return nothing()
