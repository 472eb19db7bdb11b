"""Claiming: which deliveries a worker takes next, and how nobody else takes them meanwhile."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, or_, select, update

from sender.core.payload import Destination, Message
from sender.models import Delivery, Event, Webhook
from sender.services.vault import Vault

# Candidates looked at for each one wanted, so that a webhook at its in-flight cap does not hide the others.
_LOOK_AHEAD = 4


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this worker holds until its lease ends; only `claim_id` may write its result."""

    delivery_id: str
    claim_id: str
    webhook_id: str
    test: bool
    message: Message
    destination: Destination


def claim_due(
    connection: Connection,
    vault: Vault,
    now: datetime,
    *,
    limit: int,
    lease_seconds: float,
    webhook_cap: int,
    in_flight: Mapping[str, int],
) -> list[Claimed]:
    """Claim up to `limit` due deliveries in the open writing transaction and return them, oldest due first.

    `in_flight` counts what this worker has under way per webhook; no webhook gets more than `webhook_cap`. Due are
    also claims whose lease has ended. A delivery whose webhook is paused is put aside until it is resumed.
    """
    candidates = _due(connection, now, limit * _LOOK_AHEAD, [w for w, n in in_flight.items() if n >= webhook_cap])
    _hold(connection, [row.id for row in candidates if not (row.active or row.test)])
    taken = _pick((row for row in candidates if row.active or row.test), limit, webhook_cap, in_flight)
    if not taken:
        return []
    claim_id = secrets.token_hex(16)
    connection.execute(
        update(Delivery)
        .where(Delivery.id.in_([row.id for row in taken]))
        .values(state="sending", claim_id=claim_id, next_attempt_at=now + timedelta(seconds=lease_seconds))
    )
    return [_claimed(row, claim_id, vault) for row in taken]


def next_due(connection: Connection, after: datetime) -> tuple[bool, datetime | None]:
    """Return whether anything is due at `after`, and the first moment later than that when something will be."""
    due = connection.scalar(select(func.min(Delivery.next_attempt_at)))
    if due is None or due > after:
        return False, due
    later = select(func.min(Delivery.next_attempt_at)).where(Delivery.next_attempt_at > after)
    return True, connection.scalar(later)


def release(connection: Connection, claims: Iterable[Claimed], now: datetime) -> None:
    """Give claims back unsent, due at once: what a worker does with those it will not finish."""
    rows = [{"b_id": claim.delivery_id, "b_claim": claim.claim_id} for claim in claims]
    if rows:
        connection.execute(
            update(Delivery)
            .where(Delivery.id == bindparam("b_id"), Delivery.claim_id == bindparam("b_claim"))
            .values(state="pending", claim_id=None, next_attempt_at=now),
            rows,
        )


def _due(connection: Connection, now: datetime, limit: int, full: list[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    query = (
        select(
            Delivery.id,
            Delivery.test,
            Delivery.webhook_id,
            Delivery.event_id,
            Event.type,
            Event.created_at,
            Event.payload,
            Webhook.active,
            Webhook.url,
            Webhook.body_format,
            Webhook.signature,
            Webhook.headers,
            Webhook.encrypted_secret,
        )
        .join(Event, Event.id == Delivery.event_id)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Delivery.next_attempt_at <= now)
        .order_by(Delivery.next_attempt_at)
        .limit(limit)
        .with_for_update(of=Delivery, skip_locked=True)
    )
    if full:
        query = query.where(Delivery.webhook_id.not_in(full))
    return connection.execute(query).all()


def _pick(
    candidates: Iterable[Row[*tuple[Any, ...]]], limit: int, webhook_cap: int, in_flight: Mapping[str, int]
) -> list[Row[*tuple[Any, ...]]]:
    taken: list[Row[*tuple[Any, ...]]] = []
    per_webhook = Counter(in_flight)
    for row in candidates:
        if len(taken) < limit and per_webhook[row.webhook_id] < webhook_cap:
            per_webhook[row.webhook_id] += 1
            taken.append(row)
    return taken


def _hold(connection: Connection, ids: list[str]) -> None:
    if ids:
        connection.execute(
            update(Delivery)
            .where(Delivery.id.in_(ids), or_(Delivery.state == "pending", Delivery.state == "sending"))
            .values(state="pending", claim_id=None, next_attempt_at=None)
        )


def _claimed(row: Row[*tuple[Any, ...]], claim_id: str, vault: Vault) -> Claimed:
    return Claimed(
        delivery_id=row.id,
        claim_id=claim_id,
        webhook_id=row.webhook_id,
        test=row.test,
        message=Message(row.event_id, row.type, row.created_at, row.payload),
        destination=Destination(
            webhook_id=row.webhook_id,
            url=row.url,
            body_format=row.body_format,
            scheme=row.signature["scheme"],
            headers=row.headers,
            secret=vault.unlock(row.encrypted_secret),
        ),
    )
