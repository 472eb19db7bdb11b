"""What may be sent to each webhook right now, read and kept in the claiming transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, TextClause, bindparam, case, func, literal_column, select, text, update

from sender.core import health, pace
from sender.core.dispatch import Lane
from sender.models import Delivery, Webhook, has_ended
from shared.bulk import Rows, among

HANGING_AFTER = timedelta(seconds=1)  # an attempt that takes longer makes its webhook a slow one
_AHEAD = 100  # milliseconds that a delivery may wait in a worker for others to the same webhook to end

_FACTS = Rows(
    select(
        Webhook.id,
        Webhook.active,
        Webhook.deleted_at,
        Webhook.disabled_reason,
        Webhook.url,
        Webhook.body_format,
        Webhook.signature,
        Webhook.encrypted_headers,
        Webhook.encrypted_secret,
        Webhook.old_secrets,
        Webhook.permitted_origin,
        Webhook.max_in_flight,
        Webhook.rate_limit,
        Webhook.rate_period,
        Webhook.paced_until,
        Webhook.failure_count,
        Webhook.blocked_until,
        Webhook.last_duration_ms,
        Webhook.updated_at,
    )
    .where(among(Webhook.id, "ids"))
    .order_by(Webhook.id)
    # PostgreSQL: whoever holds a webhook's row decides what is sent to it, so that caps and rates hold over all
    # workers; another worker goes on with other webhooks meanwhile.
    .with_for_update(key_share=True, skip_locked=True)
)
_REVISIONS = Rows(select(Webhook.id, Webhook.updated_at, Webhook.deleted_at).where(among(Webhook.id, "ids")))
_IS_MINE = case((among(Delivery.claim_id, "mine"), 1), else_=0)
_UNDER_WAY = Rows(
    select(
        Delivery.webhook_id,
        func.count().label("count"),
        func.sum(_IS_MINE).label("mine"),
        func.min(Delivery.next_attempt_at).label("first"),
    )
    .where(
        Delivery.state == literal_column("'sending'"),  # so that SQLite sees that the partial index holds them all
        among(Delivery.webhook_id, "ids"),
        Delivery.next_attempt_at > bindparam("now"),
    )
    .group_by(Delivery.webhook_id)
)
_PROBING = Rows(
    select(Webhook.id)
    .where(among(Webhook.id, "ids"), Webhook.blocked_reason == literal_column(f"'{health.PROBING}'"))
    .with_for_update(key_share=True, skip_locked=True)
)
_PACED = update(Webhook).where(Webhook.id == bindparam("b_id")).values(paced_until=bindparam("b_until"))
_PROBED = (
    update(Webhook)
    .where(among(Webhook.id, "ids"))
    .values(blocked_until=bindparam("b_until"), blocked_reason=health.PROBING)
)

Revision = datetime | None
"""What tells the settings of a webhook from those before and after a change; None: it is deleted."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """The webhooks that this transaction may send to: their rows, and what their limits leave at `now`."""

    now: datetime
    facts: dict[str, Any]
    open: dict[str, Lane]

    def add(self, more: Lanes) -> None:
        """Take in further webhooks."""
        self.facts.update(more.facts)
        self.open.update(more.open)

    def spend(self, webhook_id: str, count: int, delay: timedelta) -> datetime | None:
        """Return what a webhook's rate limit remembers after `count` deliveries, None without a limit.

        They are allowed as if they began now, and counted as if they began after `delay`: any moment between will do.
        """
        row = self.facts[webhook_id]
        limit = pace.of(row.rate_limit, row.rate_period)
        return limit.spend(row.paced_until, self.now + delay, count) if limit else None


def webhooks_with(condition: str, *, oldest_due_first: bool = False) -> TextClause:
    """Return the query of which webhooks have a delivery that fits `condition`, SQL on columns of one partial index.

    It is a loose index scan: one step of the index for each webhook, however many deliveries it has.
    """
    order = (
        f" ORDER BY (SELECT min(d.next_attempt_at) FROM deliveries d"  # noqa: S608  # conditions of ours
        f"  WHERE {condition} AND d.webhook_id = lane.webhook_id)"
    )
    return text(
        "WITH RECURSIVE lane(webhook_id) AS ("  # noqa: S608
        f" SELECT min(d.webhook_id) FROM deliveries d WHERE {condition}"
        " UNION ALL SELECT (SELECT min(d.webhook_id) FROM deliveries d"
        f"  WHERE {condition} AND d.webhook_id > lane.webhook_id)"
        " FROM lane WHERE lane.webhook_id IS NOT NULL)"
        " SELECT webhook_id FROM lane WHERE webhook_id IS NOT NULL" + (order if oldest_due_first else "")
    )


def revisions_of(connection: Connection, webhook_ids: Collection[str]) -> dict[str, Revision]:
    """Return the present revision of each of `webhook_ids`; it changes with all that a person or a 410 changes."""
    return revisions(_REVISIONS.all(connection, {"ids": list(webhook_ids)}))


def revisions(rows: Iterable[Any]) -> dict[str, Revision]:
    """Return the revision of each webhook whose row is given."""
    return {row.id: row.updated_at if row.deleted_at is None else None for row in rows}


def read(
    connection: Connection, webhook_ids: Collection[str], holding: Collection[str], now: datetime, lease: timedelta
) -> Lanes:
    """Return the lanes of `webhook_ids` but those that another worker is deciding about.

    `holding` are the ids of the claims that this one holds.
    """
    facts = {row.id: row for row in _FACTS.all(connection, {"ids": list(webhook_ids)})} if webhook_ids else {}
    under_way = {}
    if facts:
        values = {"ids": list(facts), "mine": list(holding), "now": now}
        under_way = {row.webhook_id: row for row in _UNDER_WAY.all(connection, values)}
    return Lanes(now, facts, {key: _lane(row, under_way.get(key), now, lease) for key, row in facts.items()})


def keep(
    connection: Connection,
    lanes: Lanes,
    taken: Mapping[str, int],
    probed: Collection[str],
    until: datetime,
    paced_delay: timedelta,
) -> None:
    """Write what the rate limits remember after `taken` deliveries per webhook, and who is probed, `until` when."""
    spent = {webhook_id: lanes.spend(webhook_id, count, paced_delay) for webhook_id, count in taken.items()}
    remember(connection, {webhook_id: after for webhook_id, after in spent.items() if after is not None})
    if probed:
        connection.execute(_PROBED, {"ids": sorted(probed), "b_until": until})


def remember(connection: Connection, paced_until: Mapping[str, datetime]) -> None:
    """Write what the rate limits of webhooks, whose rows are locked, remember."""
    if paced_until:
        connection.execute(_PACED, [{"b_id": key, "b_until": until} for key, until in paced_until.items()])


def let_probe(connection: Connection, webhook_ids: Collection[str], now: datetime) -> None:
    """Let those of `webhook_ids` be probed at `now` that are waiting for what their probe tells: it was not sent."""
    waiting = _PROBING.all(connection, {"ids": list(webhook_ids)})
    if waiting:
        connection.execute(_PROBED, {"ids": sorted(row.id for row in waiting), "b_until": now})


def _lane(row: Any, under_way: Any, now: datetime, lease: timedelta) -> Lane:
    busy = under_way.count if under_way else 0
    hangs = under_way is not None and under_way.first - lease < now - HANGING_AFTER
    takes_long = timedelta(milliseconds=row.last_duration_ms or 0) > HANGING_AFTER
    lane = Lane(
        wanted=row.active,
        ended=has_ended(row),
        room=row.max_in_flight - busy,
        slow=row.failure_count > 0 or hangs or takes_long,
        rests_until=row.blocked_until,
    )
    if not (lane.slow or (under_way and under_way.mine < busy)):
        lane.ahead = _ahead(row, busy)
    if limit := pace.of(row.rate_limit, row.rate_period):
        lane.tokens = limit.allowance(row.paced_until, now)
        after = limit.spend(row.paced_until, now, lane.tokens) if lane.tokens else row.paced_until
        lane.next_token_at = limit.next_at(after, now)
        lane.ahead = 0  # its requests are to begin at once
    return lane


def _ahead(row: Any, busy: int) -> int:
    """Return how many deliveries one worker may hold beyond the cap of a webhook (its row) that holds `busy` now.

    Only the one that holds all of them: it sees to it that no more than the cap are under way at once, and nobody else
    takes any while it holds as many. Without, a webhook that has the queue for itself got ten deliveries a turn.
    """
    if row.last_duration_ms is None:
        return 0
    cap: int = row.max_in_flight
    each: int = max(1, row.last_duration_ms)
    most = cap * (_AHEAD // each)
    return max(0, most - max(0, busy - cap))
