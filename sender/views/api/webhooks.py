"""`/api/v1/webhooks`: registered destinations."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field

from sender.core.drafts import WebhookDraft
from sender.services import context, deliveries, missed, permissions, queries, secrets, webhooks
from sender.services.queries import WebhookFilter
from sender.views.api.schemas.base import ById
from sender.views.api.schemas.deliveries import DeliveryOut
from sender.views.api.schemas.webhooks import (
    Permission,
    PermissionAsked,
    Retried,
    Rotated,
    RotateIn,
    Secret,
    TestIn,
    WebhookChanged,
    WebhookCreated,
    WebhookDetail,
    WebhookIn,
    WebhookOut,
    WebhookPage,
    WebhookPatch,
    old_secrets,
)
from shared.web.json import nothing, reply
from shared.web.reference import refusal
from shared.web.schemas import PageQuery

api = APIBlueprint(
    "api_webhooks",
    __name__,
    url_prefix="/api/v1/webhooks",
    abp_tags=[Tag(name="Webhooks", description="Registered destinations.")],
    abp_security=[{"token": []}],
)


class WebhookQuery(PageQuery):
    """Which webhooks to list."""

    q: str | None = Field(None, description="Words in the name, the URL or the event types.")
    state: Literal["active", "paused", "disabled", "troubled"] | None = Field(
        None, description="`troubled`: disabled, or warned about as failing for long."
    )
    name: str | None = Field(None, description="Words in the name, the URL or the id, but not in the event types.")
    integration: str | None = None
    event_type: str | None = Field(None, description="Subscribed to this event type or glob, literally.")


@api.get("", responses={200: WebhookPage})
def list_webhooks(query: WebhookQuery) -> Response:
    """List webhooks, newest first."""
    wanted = WebhookFilter(query.q, query.state, query.integration, query.event_type, query.name)
    page = queries.list_webhooks(wanted, query.limit, query.cursor)
    vault = context.current().vault
    return reply(WebhookPage(items=[WebhookOut.listed(row, vault) for row in page.items], next_cursor=page.next_cursor))


@api.post("", responses={201: WebhookCreated})
def create_webhook(body: WebhookIn) -> Response:
    """Register a webhook; the answer holds its signing secret."""
    tools = context.current()
    fields = body.model_dump(exclude={"signature"})
    fields |= {"scheme": body.signature.scheme, "options": body.signature.options}
    webhook = webhooks.create(tools, WebhookDraft(**fields))
    secret = webhooks.reveal_secret(tools, webhook.id)
    odd = webhooks.warnings(webhook)
    created = WebhookCreated(**dict(WebhookOut.of(webhook, tools.vault)), secret=secret, warnings=odd)
    return reply(created, 201, Location=f"/api/v1/webhooks/{webhook.id}")


@api.get("/<id>", responses={200: WebhookDetail})
def get_webhook(path: ById) -> Response:
    """Get one webhook, and how many deliveries it is still owed."""
    webhook = queries.get_webhook(path.id)
    return reply(WebhookDetail.counted(webhook, context.current().vault, webhooks.count_owed(path.id)))


@api.patch("/<id>", responses={200: WebhookChanged})
def change_webhook(path: ById, body: WebhookPatch) -> Response:
    """Change a webhook; what is not given stays."""
    tools = context.current()
    changes: dict[str, Any] = body.model_dump(exclude_none=True, exclude={"signature"})
    if "rate_limit" in body.model_fields_set:
        changes["rate_limit"] = body.rate_limit
    if body.signature is not None:
        changes |= {"scheme": body.signature.scheme, "options": body.signature.options}
    change = webhooks.change(tools, path.id, changes)
    answer = WebhookChanged.of(change.webhook, tools.vault).model_copy(update={"warnings": change.warnings})
    if change.fresh_secret:
        answer = answer.model_copy(update={"secret": webhooks.reveal_secret(tools, path.id)})
    return reply(answer)


@api.delete("/<id>", responses={204: None})
def delete_webhook(path: ById) -> Response:
    """Delete a webhook; what it is still owed is cancelled, its past deliveries are kept."""
    webhooks.apply("delete", [path.id])
    return nothing()


@api.get(
    "/<id>/secret",
    responses={200: Secret, 409: refusal("The secret was encrypted with another key and cannot be read.")},
)
def get_secret(path: ById) -> Response:
    """Get a webhook's signing secret."""
    found = secrets.reveal(context.current(), queries.get_webhook(path.id))
    return reply(Secret(secret=found.secret, public_key=found.public_key))


@api.post("/<id>/secret/rotate", responses={200: Rotated})
def rotate_secret(path: ById, body: RotateIn) -> Response:
    """Give a webhook another secret; the present one signs beside it for a while, where the scheme allows."""
    tools = context.current()
    webhook = secrets.rotate(tools, path.id, body.secret, body.overlap_seconds)
    found = secrets.reveal(tools, webhook)
    return reply(Rotated(secret=found.secret, public_key=found.public_key, old_secrets=old_secrets(webhook)))


@api.delete("/<id>/secret/old", responses={204: None})
def revoke_old_secrets(path: ById) -> Response:
    """Have no old secret sign from now on.

    Attempts that have begun, or begin in the moment that a worker needs to hear of it, may still carry one.
    """
    secrets.revoke_old(path.id)
    return nothing()


@api.delete("/<id>/missed", responses={204: None})
def dismiss_missed(path: ById) -> Response:
    """Forget since when a webhook that was disabled missed events: `missed_since` becomes null, now if it still is."""
    missed.dismiss(path.id)
    return nothing()


@api.post(
    "/<id>/permission",
    responses={200: PermissionAsked, 409: refusal("The webhook got another URL meanwhile.")},
)
def ask_permission(path: ById) -> Response:
    """Ask the endpoint whether it permits deliveries, and how many: the handshake of CloudEvents' web hooks.

    It is asked with OPTIONS, `WebHook-Request-Origin` (the host of `SENDER_PUBLIC_URL`) and, when the webhook has a
    rate limit, `WebHook-Request-Rate`; it grants with `WebHook-Allowed-Origin`, and may name a `WebHook-Allowed-Rate`,
    which becomes the webhook's rate limit unless that is slower. An endpoint that grants nothing stops nothing.
    """
    asked = permissions.ask(context.current(), path.id)
    answer = PermissionAsked(
        granted=asked.permission.granted,
        detail=asked.permission.detail,
        permission=Permission.of(asked.webhook),
        rate_limit=asked.webhook.rate_limit,
        rate_period=asked.webhook.rate_period,
    )
    return reply(answer)


@api.post("/<id>/retry", responses={200: Retried, 409: refusal("The webhook takes nothing right now.")})
def retry_all(path: ById) -> Response:
    """Make the next attempt now, of all deliveries that wait for a later one.

    As many begin at once as the webhook's limits allow.
    """
    return reply(Retried(deliveries=deliveries.retry_all(path.id)))


@api.post("/<id>/test", responses={200: DeliveryOut})
def send_test(path: ById, body: TestIn) -> Response:
    """Send the example of an event type now and wait for what comes back."""
    delivery = deliveries.send_test(context.current(), path.id, body.event_type)
    return reply(DeliveryOut.of(delivery))
