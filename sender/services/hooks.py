"""REST-hook subscriptions, as Zapier's platform and others make them: webhooks that a program manages."""

from __future__ import annotations

from dataclasses import replace

from sender.core.drafts import WebhookDraft
from sender.models import Webhook
from sender.services import event_types, queries, webhooks
from sender.services.context import Context
from shared.errors import FieldError, InvalidInput

REST_HOOK = "rest-hook"


def subscribe(context: Context, target_url: str, event: str, agent: str) -> Webhook:
    """Register a webhook with the flat body for `event` and return it; `agent` is the caller's User-Agent."""
    integration = "zapier" if "zapier" in agent.lower() or "hooks.zapier.com" in target_url else REST_HOOK
    draft = WebhookDraft(
        name=f"{integration.replace('-', ' ').capitalize()}: {event}"[:200],
        url=target_url,
        event_types=[event],
        active=True,
        integration=integration,
        body_format="flat",
        scheme="standard",
        headers={},
    )
    try:
        return webhooks.create(context, draft)
    except InvalidInput as error:
        raise InvalidInput.of(
            *(replace(fault, field=_THEIR_NAMES.get(fault.field, fault.field)) for fault in error.errors)
        ) from None


def unsubscribe(webhook_id: str) -> None:
    """End a subscription; raise NotFound, or InvalidInput for a webhook that a person made."""
    webhook = queries.get_webhook(webhook_id)
    if webhook.integration == "manual":
        raise InvalidInput.of(FieldError("id", "This webhook was made by a person; delete it as a webhook."))
    webhooks.apply("delete", [webhook_id])


_THEIR_NAMES = {"url": "target_url", "event_types": "event"}


def sample(event: str) -> list[dict[str, object]]:
    """Return the list of one example payload that a platform asks for when a user sets up a trigger."""
    return [dict(event_types.usable(event, "event").example)]
