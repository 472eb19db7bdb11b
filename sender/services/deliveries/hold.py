"""Held deliveries: pending without a time, because their webhook is paused or rests, until it takes them again.

Nothing remembers that something is held but the rows themselves, so that no crash can leave one behind.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, literal_column, select, text, update

from sender.models import Delivery, Webhook
from shared.bulk import Rows, among
from shared.database import writing_connection

AT_ONCE = 500  # deliveries that one sweep releases or cancels, over all webhooks: it is one short transaction

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
# Fetched before they are written: PostgreSQL may join `id IN (SELECT … LIMIT … FOR UPDATE SKIP LOCKED)` row by row, and
# then asks for other rows each time, until none is left.
_HELD = Rows(
    select(Delivery.id)
    .where(
        Delivery.webhook_id == bindparam("webhook_id"),
        Delivery.state == _PENDING,
        Delivery.next_attempt_at.is_(None),
    )
    .order_by(Delivery.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_RELEASE = update(Delivery).where(among(Delivery.id, "ids")).values(next_attempt_at=bindparam("b_now"))
_CANCEL = (
    update(Delivery)
    .where(among(Delivery.id, "ids"))
    .values(state="cancelled", finished_at=bindparam("b_now"), reason="The webhook was disabled or deleted.")
)


@dataclass(slots=True)
class _Plan:
    """What is to be done with held deliveries: how many to release per webhook, which webhooks have ended."""

    release: dict[str, int] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    next_at: datetime | None = None


def release_held(engine: Engine, now: datetime) -> tuple[bool, datetime | None]:
    """Make held deliveries due whose webhook takes deliveries again, after a rest one of them, as a probe.

    What an ended webhook is still owed is cancelled. Either in small parts: return whether there was something to do,
    so that there may be more of it, and when the next rest ends.
    """
    with engine.connect() as connection:
        plan = _plan(connection, now)
    if not (plan.release or plan.ended):
        return False, plan.next_at
    webhook_ids = [*plan.release, *plan.ended]
    share = max(1, AT_ONCE // len(webhook_ids))
    # Any of them when they are more than that: so none is always the one for which there is no room.
    some = random.sample(webhook_ids, min(AT_ONCE, len(webhook_ids)))
    released: list[str] = []
    cancelled: list[str] = []
    with writing_connection(engine) as connection:
        for webhook_id in some:
            limit = min(share, plan.release.get(webhook_id, share))
            held = [row.id for row in _HELD.all(connection, {"webhook_id": webhook_id, "limit": limit})]
            (cancelled if webhook_id in plan.ended else released).extend(held)
        if released:
            connection.execute(_RELEASE, {"ids": released, "b_now": now})
        if cancelled:
            connection.execute(_CANCEL, {"ids": cancelled, "b_now": now})
    return True, plan.next_at


def _plan(connection: Connection, now: datetime) -> _Plan:
    plan = _Plan()
    webhook_ids = list(connection.scalars(_WEBHOOKS))
    if not webhook_ids:
        return plan
    for row in connection.execute(_STATES, {"ids": webhook_ids}):
        if row.deleted_at is not None or row.disabled_reason is not None:
            plan.ended.add(row.id)
        elif row.active and row.blocked_until is None:
            plan.release[row.id] = AT_ONCE
        elif row.active and row.blocked_until <= now:
            plan.release[row.id] = 1
        elif row.active:
            plan.next_at = min(filter(None, (plan.next_at, row.blocked_until)))
    return plan
