"""Claims of webhooks with a rate limit: they are begun at once, or given back with what they spent of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from sender.core import pace
from sender.models import Delivery, Webhook
from sender.services.deliveries import lanes
from sender.services.deliveries.claim import Claimed, release
from shared.bulk import Rows, among

_LOCK = Rows(
    select(Webhook.id, Webhook.rate_limit, Webhook.rate_period, Webhook.paced_until)
    .where(among(Webhook.id, "ids"), Webhook.paced_until.is_not(None))
    .order_by(Webhook.id)
    .with_for_update(key_share=True)
)
_HELD = Rows(select(Delivery.id, Delivery.claim_id).where(among(Delivery.id, "ids"), Delivery.claim_id.is_not(None)))


def give_back(connection: Connection, lapsed: Sequence[tuple[Claimed, timedelta]], now: datetime) -> None:
    """Release claims, each with how long ago it was made, and give their rate limits what they spent.

    All of it, but for the time that has passed: claims that lapse again and again leave the limit as it is. Nothing for
    claims that are given back already, as after a commit that went through although we were not told.
    """
    delivery_ids = [claim.delivery_id for claim, _ in lapsed]
    held = {(row.id, row.claim_id) for row in _HELD.all(connection, {"ids": delivery_ids})}
    ages = defaultdict(list)
    for claim, age in lapsed:
        if claim.key in held:
            ages[claim.webhook_id].append(age)
    after = {
        row.id: limit.give_back(row.paced_until, ages[row.id])
        for row in _LOCK.all(connection, {"ids": list(ages)})
        if (limit := pace.of(row.rate_limit, row.rate_period))
    }
    lanes.remember(connection, after)
    release(connection, [claim for claim, _ in lapsed], now)
