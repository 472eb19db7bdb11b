"""Webhooks: register, change, pause, resume and delete them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from sender.core.drafts import WebhookDraft, check_webhook
from sender.models import Delivery, Webhook, db
from sender.services import event_types, queries
from sender.services.context import CHANGES, Context
from sender.services.deliveries.webhook_health import cancel_pending
from shared import changes, clock, ids, signing
from shared.database import writing
from shared.errors import InvalidInput, NotFound

BulkVerb = Literal["pause", "activate", "delete"]


def create(context: Context, draft: WebhookDraft) -> Webhook:
    """Register a webhook and return it; without a secret in `draft` one is made. Raise InvalidInput."""
    _refuse_faults(context, draft)
    now = clock.now()
    webhook = Webhook(id=ids.new("whk", now), created_at=now, succeeded_count=0, failed_count=0)
    _fill(webhook, draft, now)
    webhook.encrypted_secret = context.vault.lock(draft.secret or signing.new_secret())
    with writing(db.session) as session:
        session.add(webhook)
        changes.announce(session, CHANGES)
    return queries.get_webhook(webhook.id)


def change(context: Context, webhook_id: str, draft: WebhookDraft) -> Webhook:
    """Make a webhook be as `draft` says and return it; its secret stays unless the draft has one.

    Raise NotFound or InvalidInput.
    """
    _refuse_faults(context, draft)
    now = clock.now()
    with writing(db.session) as session:
        webhook = queries.get_webhook(webhook_id)
        was_active = webhook.active
        _fill(webhook, draft, now)
        if draft.secret:
            webhook.encrypted_secret = context.vault.lock(draft.secret)
        if was_active != draft.active:
            _switch(session, webhook, active=draft.active, now=now)
        changes.announce(session, CHANGES)
    return queries.get_webhook(webhook_id)


def draft_of(webhook: Webhook) -> WebhookDraft:
    """Return the draft that would leave `webhook` as it is: what a partial change starts from."""
    return WebhookDraft(
        name=webhook.name,
        url=webhook.url,
        event_types=webhook.event_types,
        active=webhook.active,
        integration=webhook.integration,
        body_format=webhook.body_format,
        scheme=webhook.signature["scheme"],
        headers=webhook.headers,
    )


def reveal_secret(context: Context, webhook_id: str) -> str:
    """Return a webhook's signing secret in clear; raise NotFound."""
    return context.vault.unlock(queries.get_webhook(webhook_id).encrypted_secret)


def apply(verb: BulkVerb, webhook_ids: Sequence[str]) -> int:
    """Pause, activate or delete webhooks, all or none, and return how many; raise NotFound for an unknown one."""
    if not webhook_ids:
        raise InvalidInput("Select at least one webhook.")
    now = clock.now()
    with writing(db.session) as session:
        for webhook in [queries.get_webhook(webhook_id) for webhook_id in dict.fromkeys(webhook_ids)]:
            if verb == "delete":
                _delete(session, webhook, now)
            else:
                _switch(session, webhook, active=verb == "activate", now=now)
        changes.announce(session, CHANGES)
    return len(set(webhook_ids))


def integrations() -> list[str]:
    """Return the integrations in use, in alphabetical order."""
    query = select(Webhook.integration).where(Webhook.deleted_at.is_(None)).distinct().order_by(Webhook.integration)
    return list(db.session.scalars(query))


def count_owed(webhook_id: str) -> int:
    """Return how many deliveries of a webhook are not finished."""
    query = select(func.count()).where(Delivery.webhook_id == webhook_id, Delivery.state.in_(("pending", "sending")))
    return db.session.scalar(query) or 0


def _refuse_faults(context: Context, draft: WebhookDraft) -> None:
    known = [kind.slug for kind in event_types.all_types()]
    if faults := check_webhook(draft, known, context.settings.allowed_targets):
        raise InvalidInput.of(*faults)


def _fill(webhook: Webhook, draft: WebhookDraft, now: datetime) -> None:
    webhook.name = draft.name.strip()
    webhook.url = draft.url.strip()
    webhook.event_types = list(dict.fromkeys(draft.event_types))
    webhook.integration = draft.integration
    webhook.body_format = draft.body_format
    webhook.signature = {"scheme": draft.scheme}
    webhook.headers = dict(draft.headers)
    webhook.active = draft.active
    webhook.updated_at = now


def _switch(session: Session, webhook: Webhook, *, active: bool, now: datetime) -> None:
    """Pause or resume; what is owed to a paused webhook is held, and released by a worker when it is resumed.

    Whoever switches a webhook on says that its endpoint is well: the failures before count no more.
    """
    webhook.active = active
    webhook.disabled_reason = None
    webhook.updated_at = now
    if active:
        webhook.failure_count = webhook.trip_count = 0
        webhook.failing_since = webhook.warned_at = webhook.blocked_until = webhook.blocked_reason = None
    else:
        owed = update(Delivery).where(Delivery.webhook_id == webhook.id, Delivery.state == "pending")
        session.execute(owed.values(next_attempt_at=None))


def _delete(session: Session, webhook: Webhook, now: datetime) -> None:
    if webhook.deleted_at is not None:
        raise NotFound(f"There is no webhook {webhook.id}.")
    webhook.active = False
    webhook.deleted_at = now
    cancel_pending(session.connection(), webhook.id, "The webhook was deleted.", now)
