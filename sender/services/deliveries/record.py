"""Recording: every attempt is kept, and only the holder of the claim moves the delivery on."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from sender.core import retry
from sender.core.retry import Decision
from sender.models import Attempt, Delivery, Webhook
from sender.services.deliveries.claim import Claimed
from shared import ids
from shared.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Result:
    """A claimed delivery and the exchange that was made for it."""

    claimed: Claimed
    exchange: Exchange


def record(connection: Connection, results: Sequence[Result], schedule: Sequence[float], now: datetime) -> None:
    """Write attempts and what follows from them in the open writing transaction.

    An attempt is kept even when its worker was too slow and the delivery has been claimed by another since: then
    only the attempt is added, the delivery's state is the other's to write.
    """
    if not results:
        return
    held = _lock(connection, [result.claimed.delivery_id for result in results])
    attempts, moves = [], []
    ended: dict[str, str] = {}
    per_webhook: dict[str, list[tuple[Result, Decision]]] = defaultdict(list)
    for result in results:
        row = held[result.claimed.delivery_id]
        row["attempt_count"] += 1
        attempts.append(_attempt(result, row["attempt_count"]))
        if row["claim_id"] != result.claimed.claim_id:
            continue
        decision = _decide(result, row["attempt_count"], schedule, now)
        moves.append(_move(result.claimed.delivery_id, decision, now))
        per_webhook[result.claimed.webhook_id].append((result, decision))
        if decision.ends_webhook:
            ended[result.claimed.webhook_id] = decision.reason or ""
    for move in moves:
        move["attempt_count"] = held[move["b_id"]]["attempt_count"]  # a late result may stand behind it in the batch
    _write(connection, attempts, moves, held)
    _count(connection, per_webhook)
    for webhook_id, reason in ended.items():
        end_webhook(connection, webhook_id, reason, now)


def end_webhook(connection: Connection, webhook_id: str, reason: str, now: datetime) -> None:
    """Switch a webhook off for `reason` and cancel what it was still owed."""
    connection.execute(
        update(Webhook).where(Webhook.id == webhook_id).values(active=False, disabled_reason=reason, updated_at=now)
    )
    cancel_pending(connection, webhook_id, "The webhook was disabled.", now)


def cancel_pending(connection: Connection, webhook_id: str, reason: str, now: datetime) -> None:
    """Cancel all deliveries of a webhook that wait for an attempt."""
    connection.execute(
        update(Delivery)
        .where(Delivery.webhook_id == webhook_id, Delivery.state == "pending")
        .values(state="cancelled", reason=reason, next_attempt_at=None, finished_at=now)
    )


def _lock(connection: Connection, delivery_ids: list[str]) -> dict[str, dict[str, Any]]:
    query = (
        select(Delivery.id, Delivery.claim_id, Delivery.attempt_count)
        .where(Delivery.id.in_(delivery_ids))
        .order_by(Delivery.id)
        .with_for_update()
    )
    return {row.id: {"claim_id": row.claim_id, "attempt_count": row.attempt_count} for row in connection.execute(query)}


def _decide(result: Result, number: int, schedule: Sequence[float], now: datetime) -> Decision:
    response = result.exchange.response
    chance = random.random()  # noqa: S311  # jitter, no secret
    status = response.status if response else None
    return retry.decide(result.exchange.outcome, status, number, () if result.claimed.test else schedule, now, chance)


def _attempt(result: Result, number: int) -> dict[str, Any]:
    exchange = result.exchange
    response = exchange.response
    return {
        "id": ids.new("att", exchange.started_at),
        "delivery_id": result.claimed.delivery_id,
        "number": number,
        "started_at": exchange.started_at,
        "duration_ms": round(exchange.duration_ms),
        "outcome": exchange.outcome.kind,
        "detail": exchange.outcome.detail,
        "method": exchange.request.method,
        "url": exchange.request.url,
        "request_headers": [list(pair) for pair in exchange.request.headers],
        "request_body": exchange.request.body,
        "status": response.status if response else None,
        "response_headers": [list(pair) for pair in response.headers] if response else None,
        "response_body": response.body if response else None,
        "response_truncated": response.truncated if response else False,
    }


def _move(delivery_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    return {
        "b_id": delivery_id,
        "state": decision.state,
        "reason": decision.reason,
        "next_attempt_at": decision.next_attempt_at,
        "finished_at": None if decision.state == "pending" else now,
    }


def _write(
    connection: Connection,
    attempts: list[dict[str, Any]],
    moves: list[dict[str, Any]],
    held: dict[str, dict[str, Any]],
) -> None:
    connection.execute(insert(Attempt), attempts)
    if moves:
        connection.execute(
            update(Delivery)
            .where(Delivery.id == bindparam("b_id"))
            .values(
                claim_id=None,
                **{
                    name: bindparam(name)
                    for name in ("attempt_count", "state", "reason", "next_attempt_at", "finished_at")
                },
            ),
            moves,
        )
    fenced_out = {attempt["delivery_id"] for attempt in attempts} - {move["b_id"] for move in moves}
    for delivery_id in sorted(fenced_out):
        count = held[delivery_id]["attempt_count"]
        connection.execute(update(Delivery).where(Delivery.id == delivery_id).values(attempt_count=count))


def _count(connection: Connection, per_webhook: dict[str, list[tuple[Result, Decision]]]) -> None:
    """Bring the webhooks' counters and last result up to date; in id order, so that two workers never deadlock."""
    for webhook_id in sorted(per_webhook):
        done = per_webhook[webhook_id]
        last = max((result.exchange for result, _ in done), key=lambda exchange: exchange.started_at)
        counted = [decision.state for result, decision in done if not result.claimed.test]
        connection.execute(
            update(Webhook)
            .where(Webhook.id == webhook_id)
            .values(
                succeeded_count=Webhook.succeeded_count + counted.count("succeeded"),
                failed_count=Webhook.failed_count + counted.count("failed"),
                last_attempt_at=last.started_at,
                last_outcome=last.outcome.kind,
                last_status=last.response.status if last.response else None,
            )
        )
