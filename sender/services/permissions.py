"""Asking an endpoint for permission to bring it events, and keeping to what it grants (CloudEvents' handshake)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from sender.core import handshake, pace
from sender.core.handshake import Permission
from sender.models import Webhook, db
from sender.services import queries, webhooks
from sender.services.context import CHANGES, Context
from shared import changes, clock
from shared.database import writing
from shared.errors import Conflict
from shared.netguard.hosts import normalise


@dataclass(frozen=True, slots=True)
class Asked:
    """What the endpoint of a webhook answered, and the webhook as it is now."""

    permission: Permission
    webhook: Webhook


def ask(context: Context, webhook_id: str) -> Asked:
    """Ask a webhook's endpoint for permission and return what came of it, after one attempt at most.

    What is granted is kept until it is asked again or the webhook gets another URL: deliveries name the origin that was
    permitted, and a rate becomes the webhook's limit, unless it has a slower one. Nothing granted is kept as that, and
    stops nothing: whether to pause is for people.

    Raise NotFound, or Conflict when the webhook got another URL meanwhile.
    """
    webhook = queries.get_webhook(webhook_id)
    url, origin = webhook.url, origin_of(context)
    request = handshake.ask(url, origin, pace.of(webhook.rate_limit, webhook.rate_period))
    queries.let_go()  # the endpoint may take its time
    permission = handshake.read(context.door.send(request), origin)
    with writing(db.session) as session:
        (webhook,) = queries.lock_webhooks(session, [webhook_id])
        now = clock.now()
        if webhook.url != url:
            raise Conflict("The webhook got another URL meanwhile; ask again.")
        webhook.permitted_at = now if permission.granted else None
        webhook.permitted_origin = origin if permission.granted else None
        webhook.permitted_rate = permission.rate
        if permission.rate is not None:
            limit = handshake.limit_within(permission.rate, webhook.rate_limit, webhook.rate_period)
            webhooks.set_limit(webhook, *limit, now)
        webhook.updated_at = now
        changes.announce(session, CHANGES)
    return Asked(permission, queries.get_webhook(webhook_id))


def origin_of(context: Context) -> str:
    """Return the host name under which this sender asks: that of its public URL, in the ASCII form that DNS knows."""
    return normalise(urlsplit(context.settings.sender_url).hostname or "localhost")
