"""Held deliveries: pending without a time, because their webhook is paused or rests, until it takes them again.

Nothing remembers that something is held but the rows themselves, so that no crash can leave one behind.
"""

from __future__ import annotations

import random
from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, literal_column, select, update

from sender.models import Delivery, Webhook
from sender.services.deliveries.lanes import webhooks_with
from shared.bulk import Rows, among
from shared.database import writing_connection

AT_ONCE = 500  # deliveries that one short transaction writes, over all webhooks

WITH_HELD = webhooks_with("state = 'pending' AND next_attempt_at IS NULL")
HELD = (
    select(Delivery.id)
    .where(
        Delivery.webhook_id == bindparam("webhook_id"),
        # As a literal: with a bound value SQLite cannot know that the partial index on held deliveries holds them all.
        Delivery.state == literal_column("'pending'"),
        Delivery.next_attempt_at.is_(None),
    )
    .order_by(Delivery.id)
    .limit(bindparam("limit"))
)
_ON = select(Webhook.id, Webhook.blocked_until).where(among(Webhook.id, "ids"), Webhook.active.is_(True))
# Fetched before they are written: PostgreSQL may join `id IN (SELECT … LIMIT … FOR UPDATE SKIP LOCKED)` row by row, and
# then asks for other rows each time, until none is left.
_LOCK_HELD = Rows(HELD.with_for_update(skip_locked=True))
_RELEASE = update(Delivery).where(among(Delivery.id, "ids")).values(next_attempt_at=bindparam("b_now"))


def release_held(engine: Engine, now: datetime) -> tuple[bool, datetime | None]:
    """Make held deliveries due whose webhook takes deliveries again, after a rest one of them, as a probe.

    In small parts: return whether there was something to do, so that there may be more of it, and when the next rest
    ends.
    """
    with engine.connect() as connection:
        counts, next_at = _plan(connection, now)
    if not counts:
        return False, next_at
    share = max(1, AT_ONCE // len(counts))
    # Any of them when they are more than that: so none is always the one for which there is no room.
    some = random.sample(list(counts), min(AT_ONCE, len(counts)))
    released: list[str] = []
    with writing_connection(engine) as connection:
        for webhook_id in some:
            values = {"webhook_id": webhook_id, "limit": min(share, counts[webhook_id])}
            released += [row.id for row in _LOCK_HELD.all(connection, values)]
        if released:
            connection.execute(_RELEASE, {"ids": released, "b_now": now})
    return True, next_at


def _plan(connection: Connection, now: datetime) -> tuple[dict[str, int], datetime | None]:
    """Return how many deliveries to release per webhook at most, and when the next rest ends."""
    counts: dict[str, int] = {}
    rests = []
    webhook_ids = list(connection.scalars(WITH_HELD))
    for row in connection.execute(_ON, {"ids": webhook_ids}) if webhook_ids else ():
        if row.blocked_until is None:
            counts[row.id] = AT_ONCE
        elif row.blocked_until <= now:
            counts[row.id] = 1
        else:
            rests.append(row.blocked_until)
    return counts, min(rests, default=None)
