"""What a person does with deliveries: send a test, resend one, retry one or all at once, cancel one."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sender import transport
from sender.core.payload import Message
from sender.models import OWED_STATES, Delivery, Event, Webhook, db
from sender.services import event_types, events, outbox, queries
from sender.services.context import CHANGES, Context
from sender.services.deliveries import owed
from sender.services.deliveries.claim import Claimed
from sender.services.deliveries.destinations import destination
from sender.services.deliveries.record import Result, record, rules_of
from shared import changes, clock, moments
from shared.database import persist, writing, writing_connection
from shared.errors import Conflict

_PERSIST_SECONDS = 5.0  # that somebody may wait for a database that fails, after the endpoint has answered


def send_test(context: Context, webhook_id: str, event_type: str | None) -> Delivery:
    """Send the example of `event_type` to a webhook now and return the finished delivery with its attempt.

    Without a type it is the first one that the webhook wants. The same path as any delivery: the same request,
    signature and transport; it is recorded as a test, is not retried, and works for a paused webhook too. Raise
    NotFound for an unknown webhook and InvalidInput for an unknown event type.
    """
    webhook = queries.get_webhook(webhook_id)
    kind = event_types.for_test(webhook, event_type)
    now = clock.now()
    claim_id = secrets.token_hex(16)
    event = events.make(kind.slug, event_types.example_text(kind), now, test=True)
    delivery = new_delivery(event, webhook.id, now)
    delivery.state = "sending"
    delivery.claim_id = claim_id
    delivery.next_attempt_at = now + timedelta(seconds=context.settings.lease_seconds)
    claimed = _claimed(context, webhook, event, delivery)
    with writing(db.session) as session:
        session.add(event)
        session.flush()
        session.add(delivery)
    exchange = transport.attempt(context.door, claimed.message, claimed.destination)
    result = Result.of(claimed, exchange)
    # The attempt happened: were it lost to a moment's outage, a worker would make it again once its lease is over.
    persist(lambda: _record(context, result), clock.monotonic() + _PERSIST_SECONDS)
    return queries.get_delivery(delivery.id)


def _record(context: Context, result: Result) -> None:
    with writing_connection(db.engine) as connection:
        record(connection, [result], rules_of(context.settings), clock.now())
        changes.announce(connection, CHANGES)


def resend(delivery_id: str) -> Delivery:
    """Make a new delivery of the same event to the same webhook, due now, and return it.

    Raise NotFound, or Conflict when the old one is not finished or its webhook no longer takes deliveries.
    """
    with writing(db.session) as session:
        old = queries.lock_delivery(session, delivery_id)  # so that retention leaves it and its event
        refuse_resend(old)
        fresh = new_delivery(old.event, old.webhook_id, clock.now())
        fresh.test = old.test
        fresh.resend_of = old.id
        session.add(fresh)
        changes.announce(session, CHANGES)
    return queries.get_delivery(fresh.id)


def refuse_resend(delivery: Delivery) -> None:
    """Raise Conflict when a delivery cannot be resent: it is not finished, or its webhook takes no deliveries."""
    if delivery.state in OWED_STATES:
        raise Conflict("This delivery is still under way; cancel it first or wait for it.")
    if delivery.webhook.deleted_at is not None:
        raise Conflict("The webhook of this delivery was deleted.")
    _refuse_off(delivery.webhook)


def retry(delivery_id: str) -> Delivery:
    """Make the next attempt of a delivery due now, and return it; that attempt counts as any other.

    Raise NotFound, or Conflict when it is being sent or finished, or its webhook takes nothing at the moment.
    """
    with writing(db.session) as session:
        delivery = queries.lock_delivery(session, delivery_id)
        _refuse_unless_waiting(delivery)
        _refuse_shut(delivery.webhook)
        now = clock.now()
        # One that is due keeps its place among the others.
        delivery.next_attempt_at = min(now, delivery.next_attempt_at or now)
        changes.announce(session, CHANGES)
    return queries.get_delivery(delivery_id)


def retry_all(webhook_id: str) -> int:
    """Make due now all that waits for a later attempt at a webhook, and return how many deliveries that are.

    Its limits hold for them too. Raise NotFound, or Conflict when it takes nothing at the moment.
    """
    _refuse_shut(queries.get_webhook(webhook_id))
    queries.let_go()
    return owed.hasten(db.engine, webhook_id, clock.now())


def cancel(delivery_id: str) -> Delivery:
    """Give up a delivery that waits for its attempt and return it.

    Raise NotFound, or Conflict when it is being sent or finished.
    """
    with writing(db.session) as session:
        delivery = queries.lock_delivery(session, delivery_id)
        _refuse_unless_waiting(delivery)
        delivery.state = "cancelled"
        delivery.reason = "Cancelled by a person."
        delivery.next_attempt_at = None
        delivery.finished_at = clock.now()
        changes.announce(session, CHANGES)
    return queries.get_delivery(delivery_id)


def _refuse_unless_waiting(delivery: Delivery) -> None:
    if delivery.state == "sending":
        raise Conflict("An attempt is under way right now; try again when it has ended.")
    if delivery.state != "pending":
        raise Conflict(f"This delivery has already {_PAST[delivery.state]}.")


def _refuse_off(webhook: Webhook) -> None:
    if not webhook.active:
        raise Conflict(f"{webhook.name} is {webhook.state}; activate it first.")


def _refuse_shut(webhook: Webhook) -> None:
    """Raise Conflict when nothing is sent to a webhook: the claim would put the delivery aside."""
    _refuse_off(webhook)
    if webhook.blocked_until is not None and not webhook.takes_deliveries:
        until = moments.rfc3339(webhook.blocked_until)
        raise Conflict(f"{webhook.name} is left alone until {until}; a test that succeeds ends that at once.")


_PAST = {"succeeded": "succeeded", "failed": "failed", "cancelled": "been cancelled"}


def new_delivery(event: Event, webhook_id: str, now: datetime) -> Delivery:
    """Return a pending delivery of `event`, due at `now`, not yet in a session."""
    return Delivery(**outbox.new_delivery(event.id, event.type, webhook_id, now) | {"test": event.test})


def _claimed(context: Context, webhook: Webhook, event: Event, delivery: Delivery) -> Claimed:
    return Claimed(
        delivery_id=delivery.id,
        claim_id=delivery.claim_id or "",
        webhook_id=webhook.id,
        test=True,
        message=Message(event.id, event.type, event.created_at, event.payload),
        destination=destination(webhook, context.vault, delivery.created_at),
    )
