"""Claiming: which deliveries a worker takes next, and how nobody else takes them meanwhile."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from sender.core import dispatch
from sender.core.dispatch import Candidate, Choice
from sender.core.payload import Destination, Message
from sender.models import Delivery, Event
from sender.services.deliveries import due, lanes
from sender.services.deliveries.destinations import destination
from sender.services.deliveries.due import Places
from sender.services.deliveries.lanes import Lanes, Revision
from sender.services.vault import Vault
from shared.bulk import Rows, Statement, among

MOST_PAYLOAD = 64 * 1024 * 1024  # characters that a worker holds at once

_SIZES = Rows(select(Event.id, func.length(Event.payload).label("size")).where(among(Event.id, "ids")))
_EVENTS = Rows(select(Event.id, Event.type, Event.created_at, Event.payload).where(among(Event.id, "ids")))
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


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this worker holds until its lease ends; only `claim_id` may write its result.

    `paced` ones are of webhooks with a rate limit: they are to begin at once.
    `slow` ones, retries and those of webhooks that fail, hang or take long, share a part of the worker's threads.
    `ahead` ones are beyond the in-flight cap, and not to be made when their webhook calls for a rest.
    `revision` is that of the webhook's settings in `destination`. No more than `max_in_flight` attempts at its webhook
    may be under way at once (None: however many there are).
    """

    delivery_id: str
    claim_id: str
    webhook_id: str
    test: bool
    message: Message
    destination: Destination
    slow: bool = False
    paced: bool = False
    ahead: bool = False
    revision: Revision = None
    max_in_flight: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells this claim from any other, also from another claim of the same delivery."""
        return self.delivery_id, self.claim_id


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a worker can take: up to `free` deliveries, of which up to `slow` may be slow ones.

    Up to `ahead` of the places may be taken beyond the in-flight caps of webhooks of which no other worker holds any,
    to begin with when earlier ones end; `holding` are the ids of the claims that it holds already. Payloads may have
    `space` characters in all, and `paced_delay` is how much later than usual what is under a rate limit begins.
    """

    free: int
    slow: int
    ahead: int = 0
    holding: Collection[str] = ()
    space: int = MOST_PAYLOAD
    paced_delay: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker has taken, and when a webhook that is at its rate limit now may be sent to again.

    `more` when it could take more as soon as an attempt ends. `revisions` are those of the webhooks it has looked at.
    """

    taken: list[Claimed]
    opens_at: datetime | None = None
    more: bool = False
    revisions: Mapping[str, Revision] = field(default_factory=dict)


def claim_due(
    connection: Connection, vault: Vault, now: datetime, capacity: Capacity, *, lease_seconds: float
) -> Claim:
    """Claim as many due deliveries as there is `capacity` for in the open writing transaction.

    Due are also claims whose lease has ended. Each webhook gets what its in-flight cap and its rate limit leave over
    all workers. When there is any space for payloads at all, there is for the first one.
    Deliveries of a webhook that is off or rests are put aside, for `hold` to release or `owed` to cancel.
    """
    lease = timedelta(seconds=lease_seconds)
    free, holding = capacity.free, capacity.holding
    rows, is_all = due.oldest(connection, free, now)
    if not rows:
        return Claim([])
    found = lanes.read(connection, {row.webhook_id for row in rows}, holding, now, lease)
    choice = dispatch.choose(_candidates(rows, found), found.open, free, capacity.slow, now)
    if len(choice.taken) < free and not is_all:
        left = capacity.slow - sum(_is_slow(one, found, choice) for one in choice.taken)
        places = Places(free - len(choice.taken), left)
        more, opens_at = due.of_each_lane(connection, found, rows, choice.probed, holding, places, now, lease)
        _add(choice, dispatch.choose(_candidates(more, found), found.open, places.free, places.slow, now), opens_at)
        rows += more
    dispatch.take_ahead(choice, found.open, min(capacity.ahead, free - len(choice.taken)))
    event_ids = {row.id: row.event_id for row in rows}
    _fit(connection, choice, event_ids, capacity.space)
    claim_id = secrets.token_hex(16)
    got = _write(connection, choice, claim_id, now, lease)
    taken = [one for one in choice.taken if one.delivery_id in got]
    per_webhook = Counter(one.webhook_id for one in taken)
    lanes.keep(connection, found, per_webhook, choice.probed & per_webhook.keys(), now + lease, capacity.paced_delay)
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
                slow=_is_slow(one, found, choice),
                paced=found.facts[one.webhook_id].rate_limit is not None,
                ahead=one.delivery_id in choice.ahead,
                revision=found.facts[one.webhook_id].updated_at,
                max_in_flight=found.facts[one.webhook_id].max_in_flight,
            )
            for one in taken
        ],
        choice.opens_at,
        choice.waits or not is_all,
        lanes.revisions(found.facts.values()),
    )


def release(connection: Connection, claims: Iterable[Claimed], now: datetime) -> None:
    """Give claims back unsent, due at once: what a worker does with those it will not finish."""
    claims = list(claims)
    rows = [{"b_id": claim.delivery_id, "b_claim": claim.claim_id, "b_now": now} for claim in claims]
    if rows:
        lanes.let_probe(connection, {claim.webhook_id for claim in claims if claim.slow}, now)
        connection.execute(_RELEASE, rows)


def _candidates(rows: Iterable[Any], found: Lanes) -> list[Candidate]:
    return [
        Candidate(row.id, row.webhook_id, row.attempt_count > 0, row.test)
        for row in rows
        if row.webhook_id in found.open
    ]


def _is_slow(one: Candidate, found: Lanes, choice: Choice) -> bool:
    return one.retry or found.open[one.webhook_id].slow or one.webhook_id in choice.probed


def _add(choice: Choice, more: Choice, opens_at: datetime | None) -> None:
    choice.taken += more.taken
    choice.held += more.held
    choice.probed |= more.probed
    choice.beyond += more.beyond
    choice.waits = choice.waits or more.waits
    choice.opens_at = dispatch.earlier(choice.opens_at, dispatch.earlier(more.opens_at, opens_at))


def _fit(connection: Connection, choice: Choice, event_ids: Mapping[str, str], space: int) -> None:
    """Leave what does not fit into `space` to a later claim; what is taken ahead leaves half of it all to others."""
    ids = {event_ids[one.delivery_id] for one in choice.taken}
    sizes = {row.id: row.size for row in _SIZES.all(connection, {"ids": list(ids)})} if ids else {}
    for place, one in enumerate(choice.taken):
        size = sizes[event_ids[one.delivery_id]]
        if one.delivery_id in choice.ahead and size > space - MOST_PAYLOAD // 2:
            del choice.taken[place:]  # all the others come before those
            choice.waits = True
            return
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
