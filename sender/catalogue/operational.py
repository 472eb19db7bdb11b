"""Event types about Hookloop's own work: other webhooks can subscribe to them, nobody can publish them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, WithJsonSchema

from sender.catalogue.definition import Block, EventTypeDefinition, define, field
from sender.catalogue.kinds import Url

SOURCE = "hookloop"

Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Count = Annotated[int, Field(ge=0)]


class AboutWebhook(Block):
    """Which webhook it is about."""

    webhook_id: str = field("whk_01kbt5mdz0v3m9q1r7x2c4n8pa", "The webhook's id.")
    webhook_name: str = field("Billing", "The webhook's name.")
    webhook_url: Url = field("https://billing.example/hooks", "The webhook's URL.")


class Failing(Block):
    """How long it has been failing."""

    failing_since: Moment = field("2026-01-12T06:08:41.000000Z", "When the first failure in a row was.")
    failure_count: Count = field(58, "Failed attempts in a row.")


class Reason(Block):
    """Why."""

    reason: str = field("The endpoint answered 503 Service Unavailable.", "What the last attempt ended with.")


class AboutDelivery(Block):
    """Which delivery it is about."""

    delivery_id: str = field("dlv_01kbt5mdz1t6c0w3e5y8h2k4qb", "The delivery's id.")
    event_id: str = field("evt_01kbt5mdz0f9s2d4g6j8l0z1xc", "The id of the event that was not delivered.")
    event_type: str = field("payment_received", "Its event type.")
    attempt_count: Count = field(10, "How many attempts were made.")


class Rotation(Block):
    """How long the old secret stays valid."""

    old_secret_expires_at: Moment | None = field(
        "2026-01-13T06:08:41.000000Z", "When the old secret ends; null: it has."
    )


WEBHOOK_FAILING = define(
    "webhook.failing",
    "Webhook Failing",
    "A webhook has been failing for half the time after which it is disabled: look at its endpoint.",
    "An attempt fails, and all before it did for half of the span that disables.",
    source=SOURCE,
    parts=(AboutWebhook, Failing, Reason),
)

WEBHOOK_RECOVERED = define(
    "webhook.recovered",
    "Webhook Recovered",
    "A webhook that had been reported as failing has taken a delivery again.",
    "An attempt succeeds after the warning that the webhook is failing.",
    source=SOURCE,
    parts=(AboutWebhook,),
)

WEBHOOK_DISABLED = define(
    "webhook.disabled",
    "Webhook Disabled",
    "Hookloop has disabled a webhook; what it was still owed is cancelled and can be replayed.",
    "A webhook has been failing for too long, with ten failures in a row, or its endpoint answered 410 Gone.",
    source=SOURCE,
    parts=(AboutWebhook, Reason),
)

DELIVERY_EXHAUSTED = define(
    "delivery.exhausted",
    "Delivery Exhausted",
    "A delivery has been given up: its last retry failed, or its endpoint answered 410 Gone.",
    "The last attempt of the retry schedule fails, or any attempt is answered with 410 Gone.",
    source=SOURCE,
    parts=(AboutWebhook, AboutDelivery, Reason),
)

SECRET_ROTATED = define(
    "secret.rotated",
    "Secret Rotated",
    "A webhook has a new signing secret; the old one signs beside it until it expires, where the scheme carries both.",
    "A person or a program rotates the secret of a webhook.",
    source=SOURCE,
    parts=(AboutWebhook, Rotation),
)

EVENT_TYPES: tuple[EventTypeDefinition, ...] = (
    WEBHOOK_FAILING,
    WEBHOOK_RECOVERED,
    WEBHOOK_DISABLED,
    DELIVERY_EXHAUSTED,
    SECRET_ROTATED,
)
