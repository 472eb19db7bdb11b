"""Claiming: which deliveries a worker takes next, and how nobody else takes them meanwhile."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from sender.core import dispatch
from sender.core.dispatch import Candidate, Choice
from sender.core.payload import Destination, Message
from sender.models import Delivery, Event
from sender.services.deliveries import lanes
from sender.services.deliveries.lanes import Lanes
from sender.services.secrets import live
from sender.services.vault import Vault
from shared.bulk import Rows, Statement, among
from shared.settings import SettingsError

# Due rows looked at for each one wanted. When all of them belong to webhooks that can take no more, each other
# webhook is asked for its own (`_from_each_lane`), so that a long queue of one never hides the others.
_LOOK_AHEAD = 2
_LEAST_LOOK = 64
_LANES_AT_ONCE = 50
MOST_PAYLOAD = 64 * 1024 * 1024  # characters that a worker holds at once

_COLUMNS = (Delivery.id, Delivery.webhook_id, Delivery.event_id, Delivery.attempt_count, Delivery.test)
_WINDOW = Rows(
    select(*_COLUMNS)
    .where(Delivery.next_attempt_at <= bindparam("now"))
    .order_by(Delivery.next_attempt_at)
    .limit(bindparam("limit"))
)
_OF_LANE = Rows(
    select(*_COLUMNS)
    .where(Delivery.webhook_id == bindparam("webhook_id"), Delivery.next_attempt_at <= bindparam("now"))
    .order_by(Delivery.next_attempt_at)
    .limit(bindparam("limit"))
)
_SIZES = Rows(select(Event.id, func.length(Event.payload).label("size")).where(among(Event.id, "ids")))
_EVENTS = Rows(select(Event.id, Event.type, Event.created_at, Event.payload).where(among(Event.id, "ids")))
_LANES = lanes.webhooks_with("next_attempt_at IS NOT NULL", oldest_due_first=True)
# The condition on the time is the fence against what happened since the rows were read: a cancelled delivery, or
# one that another worker has taken, is due no longer.
_STILL_DUE = (among(Delivery.id, "ids"), Delivery.next_attempt_at <= bindparam("now"))
_TAKE = Statement(
    update(Delivery)
    .where(*_STILL_DUE)
    .values(state="sending", claim_id=bindparam("b_claim"), next_attempt_at=bindparam("b_until"))
)
_TAKEN = Rows(select(Delivery.id).where(among(Delivery.id, "ids"), Delivery.claim_id == bindparam("claim")))
_HOLD = Statement(update(Delivery).where(*_STILL_DUE).values(state="pending", claim_id=None, next_attempt_at=None))
_RELEASE = (
    update(Delivery)
    .where(Delivery.id == bindparam("b_id"), Delivery.claim_id == bindparam("b_claim"))
    .values(state="pending", claim_id=None, next_attempt_at=bindparam("b_now"))
)
_NEXT_DUE = select(func.min(Delivery.next_attempt_at)).where(Delivery.next_attempt_at > bindparam("now"))
_IS_DUE = select(Delivery.id).where(Delivery.next_attempt_at <= bindparam("now")).limit(1)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this worker holds until its lease ends; only `claim_id` may write its result.

    `slow` ones, retries and those of failing or hanging webhooks, share a part of the worker's threads.
    """

    delivery_id: str
    claim_id: str
    webhook_id: str
    test: bool
    message: Message
    destination: Destination
    slow: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What tells this claim from any other, also from another claim of the same delivery."""
        return self.delivery_id, self.claim_id


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker has taken, and when a webhook that is at its rate limit now may be sent to again.

    `more` when it could take more as soon as an attempt ends.
    """

    taken: list[Claimed]
    opens_at: datetime | None = None
    more: bool = False


def claim_due(
    connection: Connection,
    vault: Vault,
    now: datetime,
    *,
    free: int,
    slow_free: int,
    lease_seconds: float,
    space: int = MOST_PAYLOAD,
) -> Claim:
    """Claim up to `free` due deliveries in the open writing transaction, `slow_free` slow ones at most.

    Their payloads have `space` characters in all at most, but for the first one, when there is any space at all.
    Due are also claims whose lease has ended. Each webhook gets what its in-flight cap and its rate limit leave over
    all workers. Deliveries of a webhook that is off or rests are put aside, for `hold` to release or `owed` to cancel.
    """
    lease = timedelta(seconds=lease_seconds)
    limit = max(free * _LOOK_AHEAD, _LEAST_LOOK)
    rows = _WINDOW.all(connection, {"now": now, "limit": limit})
    if not rows:
        return Claim([])
    found = lanes.read(connection, {row.webhook_id for row in rows}, now, lease)
    choice = dispatch.choose(_candidates(rows, found), found.open, free, slow_free, now)
    if len(choice.taken) < free and len(rows) == limit:
        more = _from_each_lane(connection, found, rows, free - len(choice.taken), now, lease)
        left = slow_free - sum(one.retry or found.open[one.webhook_id].slow for one in choice.taken)
        _add(choice, dispatch.choose(_candidates(more, found), found.open, free - len(choice.taken), left, now))
        rows += more
    event_ids = {row.id: row.event_id for row in rows}
    _fit(connection, choice, event_ids, space)
    claim_id = secrets.token_hex(16)
    got = _write(connection, choice, claim_id, now, lease)
    taken = [one for one in choice.taken if one.delivery_id in got]
    per_webhook = Counter(one.webhook_id for one in taken)
    lanes.keep(connection, found, per_webhook, choice.probed & per_webhook.keys(), now + lease)
    destinations = {key: destination(found.facts[key], vault, now) for key in {one.webhook_id for one in taken}}
    messages = _messages(connection, {event_ids[one.delivery_id] for one in taken})
    return Claim(
        [
            Claimed(
                delivery_id=one.delivery_id,
                claim_id=claim_id,
                webhook_id=one.webhook_id,
                test=one.test,
                message=messages[event_ids[one.delivery_id]],
                destination=destinations[one.webhook_id],
                slow=one.retry or found.open[one.webhook_id].slow,
            )
            for one in taken
        ],
        choice.opens_at,
        choice.waits or len(rows) >= limit,
    )


def destination(webhook: Any, vault: Vault, now: datetime) -> Destination:
    """Return what a webhook (its row) asks of the requests made to it at `now`."""
    try:
        secrets_in_clear = live(vault, webhook, now)
    except SettingsError:  # one that was kept from another installation must not stop the others
        secrets_in_clear = None
    return Destination(
        webhook_id=webhook.id,
        url=webhook.url,
        body_format=webhook.body_format,
        signature=webhook.signature,
        headers=webhook.headers,
        secrets=secrets_in_clear,
    )


def is_due(connection: Connection, now: datetime) -> bool:
    """Return whether there is anything to claim."""
    return connection.scalar(_IS_DUE, {"now": now}) is not None


def next_due(connection: Connection, after: datetime) -> datetime | None:
    """Return the first moment later than `after` when something will be due."""
    return connection.scalar(_NEXT_DUE, {"now": after})


def release(connection: Connection, claims: Iterable[Claimed], now: datetime) -> None:
    """Give claims back unsent, due at once: what a worker does with those it will not finish."""
    rows = [{"b_id": claim.delivery_id, "b_claim": claim.claim_id, "b_now": now} for claim in claims]
    if rows:
        connection.execute(_RELEASE, rows)


def _from_each_lane(
    connection: Connection, found: Lanes, seen: Sequence[Any], wanted: int, now: datetime, lease: timedelta
) -> list[Any]:
    """Return up to `wanted` more due rows, of webhooks that can take some, and add these webhooks to `found`."""
    known = {row.id for row in seen}
    per_lane = Counter(row.webhook_id for row in seen)
    rows: list[Any] = []
    webhook_ids = list(connection.scalars(_LANES))
    for start in range(0, len(webhook_ids), _LANES_AT_ONCE):
        some = webhook_ids[start : start + _LANES_AT_ONCE]
        found.add(lanes.read(connection, set(some) - found.facts.keys(), now, lease))
        for webhook_id in some:
            lane = found.open.get(webhook_id)
            if lane is None or not lane.is_open:
                continue
            limit = min(lane.room, wanted - len(rows)) + per_lane[webhook_id]
            of_lane = _OF_LANE.all(connection, {"webhook_id": webhook_id, "now": now, "limit": limit})
            rows += [row for row in of_lane if row.id not in known]
            if len(rows) >= wanted:
                return rows
    return rows


def _candidates(rows: Iterable[Any], found: Lanes) -> list[Candidate]:
    return [
        Candidate(row.id, row.webhook_id, row.attempt_count > 0, row.test)
        for row in rows
        if row.webhook_id in found.open
    ]


def _add(choice: Choice, more: Choice) -> None:
    choice.taken += more.taken
    choice.held += more.held
    choice.waits = choice.waits or more.waits
    choice.opens_at = min(filter(None, (choice.opens_at, more.opens_at)), default=None)


def _fit(connection: Connection, choice: Choice, event_ids: Mapping[str, str], space: int) -> None:
    """Leave what does not fit into `space` to a later claim."""
    ids = {event_ids[one.delivery_id] for one in choice.taken}
    sizes = {row.id: row.size for row in _SIZES.all(connection, {"ids": list(ids)})} if ids else {}
    for place, one in enumerate(choice.taken):
        size = sizes[event_ids[one.delivery_id]]
        if space <= 0 or (place > 0 and size > space):
            del choice.taken[place:]
            choice.waits = True
            return
        space -= size


def _write(connection: Connection, choice: Choice, claim_id: str, now: datetime, lease: timedelta) -> set[str]:
    """Write what was chosen and return the ids of those that were truly taken."""
    if choice.held:
        _HOLD.execute(connection, {"ids": choice.held, "now": now})
    if not choice.taken:
        return set()
    ids = [one.delivery_id for one in choice.taken]
    taken = _TAKE.execute(connection, {"ids": ids, "now": now, "b_claim": claim_id, "b_until": now + lease})
    if taken.rowcount == len(ids):
        return set(ids)
    return {row.id for row in _TAKEN.all(connection, {"ids": ids, "claim": claim_id})}


def _messages(connection: Connection, event_ids: set[str]) -> dict[str, Message]:
    if not event_ids:
        return {}
    rows = _EVENTS.all(connection, {"ids": list(event_ids)})
    return {row.id: Message(row.id, row.type, row.created_at, row.payload) for row in rows}
