"""Webhooks: register, change, pause, resume and delete them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from sender.core import matching, pace, signatures
from sender.core.drafts import WebhookDraft, check_webhook
from sender.core.health import RETRY_AFTER
from sender.models import Delivery, Webhook, db
from sender.services import event_types, own_headers, queries, secrets
from sender.services.context import CHANGES, Context
from sender.services.deliveries import owed
from sender.services.deliveries.owed import Off
from shared import changes, clock, ids
from shared.database import writing
from shared.errors import FieldError, InvalidInput

BulkVerb = Literal["pause", "activate", "delete"]


@dataclass(frozen=True, slots=True)
class Change:
    """A webhook as it was changed; `fresh_secret` when its scheme asked for another secret and one was made.

    `warnings` say in words what is odd now but no fault.
    """

    webhook: Webhook
    fresh_secret: bool
    warnings: list[str]


def create(context: Context, draft: WebhookDraft) -> Webhook:
    """Register a webhook and return it; without a secret in `draft` one is made. Raise InvalidInput."""
    _refuse_faults(context, draft, _known())
    now = clock.now()
    webhook = Webhook(id=ids.new("whk", now), created_at=now, succeeded_count=0, failed_count=0)
    _fill(context, webhook, draft, now)
    secrets.put(context.vault, webhook, draft.secret, now)
    with writing(db.session) as session:
        session.add(webhook)
        changes.announce(session, CHANGES)
    return queries.get_webhook(webhook.id)


def change(context: Context, webhook_id: str, given: Mapping[str, Any], unread: Sequence[FieldError] = ()) -> Change:
    """Change what is `given` of a webhook, fields of a WebhookDraft by name, and return it; all else stays.

    Its secret stays if none is given and it fits. One that is replaced so ends at once, see `secrets.rotate` for an
    overlap. Raise NotFound, or InvalidInput with all that is wrong: `unread` are faults found when a person's form was
    read.

    Another URL is another endpoint: the failures of the old one count no more, and what waits for it is due.
    """
    known = _known()
    with writing(db.session) as session:
        (webhook,) = queries.lock_webhooks(session, [webhook_id])
        now = clock.now()  # not before the lock, for which it may have waited long: nobody saw the change till then
        # Nor this: what is not given may have been changed, or the webhook disabled, a moment ago.
        draft = replace(draft_of(context, webhook), **given)
        _refuse_faults(context, draft, known, unread)
        was_active, old_url, preset = webhook.active, webhook.url, secrets.preset_of(webhook)
        _fill(context, webhook, draft, now)
        settled = secrets.settle(context, session, webhook, preset, draft.secret, now)
        if was_active != draft.active:
            _switch(session, webhook, active=draft.active, now=now)
        moved = webhook.url != old_url
        if moved:  # retries that wait for the old endpoint go to the new one as soon as they may
            _forget_failures(webhook)
            webhook.permitted_at = webhook.permitted_origin = webhook.permitted_rate = None
        changes.announce(session, CHANGES)
    if moved:
        owed.hasten(db.engine, webhook_id, now)
    webhook = queries.get_webhook(webhook_id)
    return Change(webhook, settled.is_fresh, [*_ended(settled.ended), *warnings(webhook)])


def draft_of(context: Context, webhook: Webhook) -> WebhookDraft:
    """Return the draft that would leave `webhook` as it is: what a change starts from."""
    return WebhookDraft(
        name=webhook.name,
        url=webhook.url,
        event_types=webhook.event_types,
        active=webhook.active,
        integration=webhook.integration,
        body_format=webhook.body_format,
        scheme=webhook.signature["scheme"],
        headers=own_headers.unlock(context.vault, webhook),
        options={name: value for name, value in webhook.signature.items() if name not in ("scheme", "public_key")},
        max_in_flight=webhook.max_in_flight,
        rate_limit=webhook.rate_limit,
        rate_period=webhook.rate_period,
    )


def reveal_secret(context: Context, webhook_id: str) -> str:
    """Return a webhook's secret in clear, as its receiver needs it; raise NotFound, or Conflict for one unreadable."""
    return secrets.reveal(context, queries.get_webhook(webhook_id)).secret


def apply(verb: BulkVerb, webhook_ids: Sequence[str]) -> list[Webhook]:
    """Pause, activate or delete webhooks, all or none, and return them.

    Raise NotFound for an unknown one, and InvalidInput for none at all.

    One that is already as it is to be stays as it is, and so does one that Hookloop has disabled when it is paused.
    """
    if not webhook_ids:
        raise InvalidInput("Select at least one webhook.")
    with writing(db.session) as session:
        found = queries.lock_webhooks(session, webhook_ids)
        now = clock.now()
        for webhook in found:
            if verb == "delete":
                _delete(session, webhook, now)
            elif webhook.active != (verb == "activate"):
                _switch(session, webhook, active=verb == "activate", now=now)
        changes.announce(session, CHANGES)
    return found


def warnings(webhook: Webhook) -> list[str]:
    """Return in words what is odd about a webhook's settings but no fault.

    These are globs that fit no event type, a body that libraries for its signature don't read, and what they miss.
    """
    odd = matching.fitting_nothing(webhook.event_types, _known())
    preset = secrets.preset_of(webhook)
    if webhook.body_format == "form" and preset.reads_json:
        odd.append(
            f"Libraries that verify the signature {preset.title} read the body as JSON and refuse form fields: send "
            "JSON, or verify by hand."
        )
    odd += [one.missed for one in preset.options if one.missed and one.name not in webhook.signature]
    return odd


def set_limit(webhook: Webhook, rate_limit: int | None, rate_period: str, now: datetime) -> None:
    """Give a webhook another rate limit, which does not wait for the old one, but for what was made under it."""
    old, new = pace.of(webhook.rate_limit, webhook.rate_period), pace.of(rate_limit, rate_period)
    if old != new:
        webhook.paced_until = new.carry(old, webhook.paced_until, now) if old and new else None
    webhook.rate_limit = rate_limit
    webhook.rate_period = rate_period


def integrations() -> list[str]:
    """Return the integrations in use, in alphabetical order."""
    query = select(Webhook.integration).where(Webhook.deleted_at.is_(None)).distinct().order_by(Webhook.integration)
    return list(db.session.scalars(query))


def count_owed(webhook_id: str) -> int:
    """Return how many deliveries of a webhook are not finished."""
    # By the partial indexes of what is due and of what is held: of a webhook's own rows most are finished.
    due = Delivery.next_attempt_at.is_not(None)
    held = (Delivery.state == literal_column("'pending'")) & Delivery.next_attempt_at.is_(None)
    count = select(func.count()).where(Delivery.webhook_id == webhook_id)
    return sum(db.session.scalar(count.where(one)) or 0 for one in (due, held))


def has_later(webhook_id: str, now: datetime) -> bool:
    """Return whether deliveries wait for a later attempt at a webhook."""
    return db.session.scalar(owed.LATER.limit(1), {"webhook_id": webhook_id, "now": now}) is not None


def _ended(old_secrets: int) -> Iterator[str]:
    if old_secrets:
        which, them = ("1 old secret", "it") if old_secrets == 1 else (f"{old_secrets} old secrets", "them")
        yield f"{which} ended with this change: endpoints that still verify with {them} refuse what they get."


def _known() -> list[str]:
    return [kind.slug for kind in event_types.all_types()]


def _refuse_faults(
    context: Context, draft: WebhookDraft, known: Sequence[str], unread: Sequence[FieldError] = ()
) -> None:
    if faults := [*unread, *check_webhook(draft, known, context.settings.allowed_targets)]:
        raise InvalidInput.of(*faults)


def _fill(context: Context, webhook: Webhook, draft: WebhookDraft, now: datetime) -> None:
    webhook.name = draft.name.strip()
    webhook.url = draft.url.strip()
    webhook.event_types = list(dict.fromkeys(draft.event_types))
    webhook.integration = draft.integration
    webhook.body_format = draft.body_format
    signature = {"scheme": draft.scheme, **signatures.PRESETS[draft.scheme].defaults, **draft.options}
    was = webhook.signature or {}
    key = {"public_key": was["public_key"]} if "public_key" in was and was["scheme"] == draft.scheme else {}
    webhook.signature = signature | key
    if draft.headers is not None:
        own_headers.put(context.vault, webhook, draft.headers)
    webhook.max_in_flight = draft.max_in_flight
    set_limit(webhook, draft.rate_limit, draft.rate_period, now)
    webhook.active = draft.active
    webhook.updated_at = now


def _switch(session: Session, webhook: Webhook, *, active: bool, now: datetime) -> None:
    """Pause or resume one that was not; what is owed while it is paused is held, and released when it is resumed.

    Whoever switches a webhook on says that its endpoint is well: the failures before count no more. What the endpoint
    itself asked for, by a `Retry-After`, is kept.
    """
    webhook.active = active
    webhook.disabled_reason = None
    webhook.updated_at = now
    if active:
        asked_at, asked_until = webhook.asked_at, webhook.asked_until
        _forget_failures(webhook)
        if asked_until is not None and asked_until > now:
            webhook.asked_at, webhook.asked_until = asked_at, asked_until
            webhook.blocked_until, webhook.blocked_reason = asked_until, RETRY_AFTER
    else:
        owed.settle(session.connection(), Off.of(webhook), now)


def _forget_failures(webhook: Webhook) -> None:
    """Begin anew, but remember whether people were told that it is failing: its next success tells of the recovery."""
    webhook.failure_count = webhook.trip_count = 0
    webhook.failing_since = webhook.warned_at = webhook.blocked_until = webhook.blocked_reason = None
    webhook.asked_at = webhook.asked_until = None


def _delete(session: Session, webhook: Webhook, now: datetime) -> None:
    webhook.active = False
    webhook.deleted_at = now
    session.flush()  # what it misses is noted only while its row is not deleted
    owed.settle(session.connection(), Off.of(webhook), now)
