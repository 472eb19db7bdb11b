"""Which deliveries are due: the oldest, and when these are of webhooks that can take no more, those of each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from sender.core.dispatch import Lane, earlier
from sender.models import Delivery
from sender.services.deliveries import lanes
from sender.services.deliveries.lanes import Lanes
from shared.bulk import Rows

# Due rows looked at for each one wanted. When all of them belong to webhooks that can take no more, each other
# webhook is asked for its own (`of_each_lane`), so that a long queue of one never hides the others.
_LOOK_AHEAD = 2
_LEAST_LOOK = 64
_LANES_AT_ONCE = 50

_OLDEST_DUE = (
    select(Delivery.id, Delivery.webhook_id, Delivery.event_id, Delivery.attempt_count, Delivery.test)
    .where(Delivery.next_attempt_at <= bindparam("now"))
    .order_by(Delivery.next_attempt_at)
    .limit(bindparam("limit"))
)
_OF_LANE = _OLDEST_DUE.where(Delivery.webhook_id == bindparam("webhook_id"))
_OLDEST = Rows(_OLDEST_DUE)
_ANY_OF_LANE = Rows(_OF_LANE)
_FIRST_TRIES_OF_LANE = Rows(_OF_LANE.where(Delivery.attempt_count == 0))
_LANES = lanes.webhooks_with("next_attempt_at IS NOT NULL", oldest_due_first=True)
_NEXT_DUE = select(func.min(Delivery.next_attempt_at)).where(Delivery.next_attempt_at > bindparam("now"))
_IS_DUE = select(Delivery.id).where(Delivery.next_attempt_at <= bindparam("now")).limit(1)


@dataclass(frozen=True, slots=True)
class Places:
    """How many deliveries may be taken, and how many of them may be slow ones."""

    free: int
    slow: int

    def after(self, first_tries: int, slow: int) -> Places:
        """Return what is left when so many have been taken; of the slow ones those that there was room for."""
        slow = min(slow, max(0, self.slow))
        return Places(self.free - first_tries - slow, self.slow - slow)


def is_due(connection: Connection, now: datetime) -> bool:
    """Return whether there is anything to claim."""
    return connection.scalar(_IS_DUE, {"now": now}) is not None


def next_due(connection: Connection, after: datetime) -> datetime | None:
    """Return the first moment later than `after` when something will be due."""
    return connection.scalar(_NEXT_DUE, {"now": after})


def oldest(connection: Connection, free: int, now: datetime) -> tuple[list[Any], bool]:
    """Return the rows that have been due longest, more than `free`, and whether these are all that are due."""
    limit = max(free * _LOOK_AHEAD, _LEAST_LOOK)
    rows = _OLDEST.all(connection, {"now": now, "limit": limit})
    return rows, len(rows) < limit


def of_each_lane(
    connection: Connection,
    found: Lanes,
    seen: Sequence[Any],
    probed: Collection[str],
    holding: Collection[str],
    places: Places,
    now: datetime,
    lease: timedelta,
) -> tuple[list[Any], datetime | None]:
    """Return more due rows than those `seen`, as many as can be taken, and add their webhooks to `found`.

    None are of webhooks `probed` already. The moment returned is when a webhook that is passed over for its rate limit
    may be sent to.
    """
    known = {row.id for row in seen}
    per_lane = Counter(row.webhook_id for row in seen)
    rows: list[Any] = []
    opens_at: datetime | None = None
    webhook_ids = list(connection.scalars(_LANES))
    for start in range(0, len(webhook_ids), _LANES_AT_ONCE):
        some = webhook_ids[start : start + _LANES_AT_ONCE]
        found.add(lanes.read(connection, set(some) - found.facts.keys(), holding, now, lease))
        for webhook_id in some:
            lane = found.open.get(webhook_id)
            if lane is None or webhook_id in probed:
                continue
            if lane.waits_for_token:
                opens_at = earlier(opens_at, lane.next_token_at)
            if (most := lane.places(places.free, places.slow, now)) <= 0:
                continue
            query = _ANY_OF_LANE if places.slow > 0 else _FIRST_TRIES_OF_LANE
            of_lane = query.all(
                connection, {"webhook_id": webhook_id, "now": now, "limit": most + per_lane[webhook_id]}
            )
            more = [row for row in of_lane if row.id not in known][:most]
            rows += more
            slow = sum(_is_slow(row, lane) for row in more)
            places = places.after(len(more) - slow, slow)
            if places.free <= 0:
                return rows, opens_at
    return rows, opens_at


def _is_slow(row: Any, lane: Lane) -> bool:
    return row.attempt_count > 0 or lane.slow or lane.rests_until is not None
