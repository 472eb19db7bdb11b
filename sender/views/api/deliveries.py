"""`/api/v1/deliveries`: what was sent, to whom, and what came back."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field

from sender.services import context, deliveries, queries
from sender.services.listing import DeliveryFilter
from sender.views.api.schemas.base import ById, State, When
from sender.views.api.schemas.deliveries import DeliveryOut, DeliveryPage, ResendIn, ResentOut
from shared.web.json import reply
from shared.web.reference import refusal
from shared.web.schemas import PageQuery

api = APIBlueprint(
    "api_deliveries",
    __name__,
    url_prefix="/api/v1/deliveries",
    abp_tags=[Tag(name="Deliveries", description="The duty to bring one event to one webhook, and its attempts.")],
    abp_security=[{"token": []}],
)


class DeliveryQuery(PageQuery):
    """Which deliveries to list."""

    webhook_id: str | None = None
    event_id: str | None = None
    replay_id: str | None = Field(None, description="Made by this replay.")
    event_type: str | None = None
    state: State | None = None
    test: bool | None = Field(None, description="Only test deliveries, or only real ones.")
    since: When | None = Field(None, description="Created at or after this moment (RFC 3339).")
    until: When | None = Field(None, description="Created before this moment.")


@api.get("", responses={200: DeliveryPage})
def list_deliveries(query: DeliveryQuery) -> Response:
    """List deliveries, newest first."""
    wanted = DeliveryFilter(**query.model_dump(exclude={"limit", "cursor"}))
    page = queries.list_deliveries(wanted, query.limit, query.cursor, with_attempts=True)
    return reply(DeliveryPage(items=[DeliveryOut.of(row) for row in page.items], next_cursor=page.next_cursor))


@api.get("/<id>", responses={200: DeliveryOut})
def get_delivery(path: ById) -> Response:
    """Get one delivery with its attempts."""
    return reply(DeliveryOut.of(queries.get_delivery(path.id)))


@api.post(
    "/<id>/resend",
    responses={
        202: ResentOut,
        409: refusal("The delivery is still under way, or its webhook is not active or was deleted."),
    },
)
def resend(path: ById, body: ResendIn) -> Response:
    """Send the same event to the same webhook again, as a new delivery.

    With a `payload` it is a new event of the same type, for this webhook alone, that says what it was derived from.
    """
    if body.payload is None:
        resent = deliveries.Resent(deliveries.resend(path.id), [])
    else:
        resent = deliveries.resend_edited(context.current(), path.id, body.payload)
    return reply(ResentOut.of_resent(resent), 202, Location=f"/api/v1/deliveries/{resent.delivery.id}")


@api.post(
    "/<id>/retry",
    responses={
        200: DeliveryOut,
        409: refusal("The delivery is finished, an attempt is under way, or its webhook takes nothing right now."),
    },
)
def retry(path: ById) -> Response:
    """Make the next attempt now, of a delivery that waits for it.

    It counts as any other: when it fails, the delivery waits as long as its schedule says.
    """
    return reply(DeliveryOut.of(deliveries.retry(path.id)))


@api.post(
    "/<id>/cancel",
    responses={200: DeliveryOut, 409: refusal("The delivery is finished, or an attempt is under way right now.")},
)
def cancel(path: ById) -> Response:
    """Give up a delivery that waits for its next attempt."""
    return reply(DeliveryOut.of(deliveries.cancel(path.id)))
