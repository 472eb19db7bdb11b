"""Held deliveries: pending without a time, because their webhook is paused or rests, until it takes them again.

Nothing remembers that something is held but the rows themselves, so that no crash can leave one behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, literal_column, select, text, update

from sender.models import Delivery, Webhook
from shared.bulk import among
from shared.database import writing_connection

_AT_ONCE = 500  # deliveries released per webhook in one go, so that other writers get their turn

# As a literal: with a bound value SQLite cannot know that the partial index on held deliveries holds them all.
_PENDING: ColumnElement[str] = literal_column("'pending'")
# A loose index scan: one step of the index for each webhook that has something held.
_WEBHOOKS = text(
    "WITH RECURSIVE lane(webhook_id) AS ("
    " SELECT min(d.webhook_id) FROM deliveries d WHERE d.state = 'pending' AND d.next_attempt_at IS NULL"
    " UNION ALL SELECT (SELECT min(d.webhook_id) FROM deliveries d"
    "  WHERE d.state = 'pending' AND d.next_attempt_at IS NULL AND d.webhook_id > lane.webhook_id)"
    " FROM lane WHERE lane.webhook_id IS NOT NULL)"
    " SELECT webhook_id FROM lane WHERE webhook_id IS NOT NULL"
)
_STATES = select(Webhook.id, Webhook.active, Webhook.deleted_at, Webhook.disabled_reason, Webhook.blocked_until).where(
    among(Webhook.id, "ids")
)
_HELD = (
    select(Delivery.id)
    .where(
        Delivery.webhook_id == bindparam("b_webhook"),
        Delivery.state == _PENDING,
        Delivery.next_attempt_at.is_(None),
    )
    .order_by(Delivery.id)
    .limit(bindparam("b_limit"))
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_STILL_HELD = (Delivery.id.in_(_HELD), Delivery.state == _PENDING, Delivery.next_attempt_at.is_(None))
_RELEASE = update(Delivery).where(*_STILL_HELD).values(next_attempt_at=bindparam("b_now"))
_CANCEL = (
    update(Delivery)
    .where(*_STILL_HELD)
    .values(state="cancelled", finished_at=bindparam("b_now"), reason="The webhook was disabled or deleted.")
)


@dataclass(slots=True)
class _Plan:
    """What is to be done with held deliveries: how many to release per webhook, which webhooks have ended."""

    release: dict[str, int] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    next_at: datetime | None = None


def release_held(engine: Engine, now: datetime) -> tuple[bool, datetime | None]:
    """Make held deliveries due whose webhook takes deliveries again; return whether any, and when the next rest ends.

    After a rest it is one, as a probe; what an ended webhook is still owed is cancelled.
    """
    with engine.connect() as connection:
        plan = _plan(connection, now)
    if plan.release or plan.ended:
        with writing_connection(engine) as connection:
            for webhook_id, limit in plan.release.items():
                connection.execute(_RELEASE, {"b_webhook": webhook_id, "b_limit": limit, "b_now": now})
            for webhook_id in plan.ended:
                connection.execute(_CANCEL, {"b_webhook": webhook_id, "b_limit": _AT_ONCE, "b_now": now})
    return bool(plan.release), plan.next_at


def _plan(connection: Connection, now: datetime) -> _Plan:
    plan = _Plan()
    webhook_ids = list(connection.scalars(_WEBHOOKS))
    if not webhook_ids:
        return plan
    for row in connection.execute(_STATES, {"ids": webhook_ids}):
        if row.deleted_at is not None or row.disabled_reason is not None:
            plan.ended.append(row.id)
        elif row.active and row.blocked_until is None:
            plan.release[row.id] = _AT_ONCE
        elif row.active and row.blocked_until <= now:
            plan.release[row.id] = 1
        elif row.active:
            plan.next_at = min(filter(None, (plan.next_at, row.blocked_until)))
    return plan
