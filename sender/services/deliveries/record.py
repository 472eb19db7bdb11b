"""Recording: every attempt is kept, and only the holder of the claim moves the delivery on."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from sender.core import retry
from sender.core.retry import Decision
from sender.core.signatures import mask
from sender.models import Attempt, Delivery
from sender.services import operations
from sender.services.deliveries import webhook_health
from sender.services.deliveries.claim import Claimed
from sender.services.deliveries.webhook_health import Done
from sender.services.operations import News
from sender.settings import SenderSettings
from shared import ids
from shared.exchange import Exchange

_LOCK = (
    select(Delivery.id, Delivery.claim_id, Delivery.attempt_count, Delivery.event_type)
    .where(Delivery.id.in_(bindparam("ids", expanding=True)))
    .order_by(Delivery.id)
    .with_for_update()
)
_MOVED = ("attempt_count", "state", "reason", "next_attempt_at", "finished_at")
_MOVE = (
    update(Delivery)
    .where(Delivery.id == bindparam("b_id"))
    .values(claim_id=None, **{name: bindparam(name) for name in _MOVED})
)
_COUNT_ATTEMPT = update(Delivery).where(Delivery.id == bindparam("b_id")).values(attempt_count=bindparam("b_count"))


@dataclass(frozen=True, slots=True)
class Result:
    """A claimed delivery and the exchange that was made for it."""

    claimed: Claimed
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say about failures: seconds before each retry, the span that disables, whether to mail."""

    schedule: Sequence[float] = ()
    disable_after: timedelta | None = None
    mail: bool = False


def rules_of(settings: SenderSettings) -> Rules:
    """Return the rules that `settings` describe."""
    return Rules(settings.retry_schedule, settings.disable_after_span, settings.mails)


def record(connection: Connection, results: Sequence[Result], rules: Rules, now: datetime) -> None:
    """Write attempts and what follows from them in the open writing transaction.

    An attempt is kept even when its worker was too slow and the delivery has been claimed by another since: then
    only the attempt is added, the delivery's state is the other's to write.
    """
    if not results:
        return
    # Webhooks before deliveries, as everywhere: two transactions that lock in one order never deadlock.
    webhooks = webhook_health.lock(connection, {result.claimed.webhook_id for result in results})
    held = _lock(connection, [result.claimed.delivery_id for result in results])
    attempts, moves = [], []
    per_webhook: dict[str, list[Done]] = defaultdict(list)
    exhausted = []
    for result in results:
        claimed = result.claimed
        row = held[claimed.delivery_id]
        row["attempt_count"] += 1
        attempts.append(_attempt(result, row["attempt_count"]))
        if row["claim_id"] != claimed.claim_id:
            continue
        wait = _retry_after(result, now)
        decision = _decide(result, row["attempt_count"], rules.schedule, wait, now)
        if decision.state == "pending" and webhooks[claimed.webhook_id].has_ended:
            decision = Decision("cancelled", "The webhook was disabled or deleted.")
        moves.append(_move(claimed.delivery_id, decision, now))
        per_webhook[claimed.webhook_id].append(Done(result.exchange, decision, claimed.test, wait))
        if decision.state == "failed" and not (claimed.test or operations.is_operational(row["event_type"])):
            exhausted.append(_exhausted(claimed, row, decision, webhooks[claimed.webhook_id].row))
    for move in moves:
        move["attempt_count"] = held[move["b_id"]]["attempt_count"]  # a late result may stand behind it in the batch
    _write(connection, attempts, moves, held)
    webhook_health.write(connection, webhooks, per_webhook, rules.disable_after, now, mail=rules.mail)
    operations.emit_all(connection, "delivery.exhausted", exhausted, now)


def _lock(connection: Connection, delivery_ids: list[str]) -> dict[str, dict[str, Any]]:
    return {row.id: row._asdict() for row in connection.execute(_LOCK, {"ids": delivery_ids})}


def _status(result: Result) -> int | None:
    return result.exchange.response.status if result.exchange.response else None


def _retry_after(result: Result, now: datetime) -> timedelta | None:
    response = result.exchange.response
    return retry.read_retry_after(response.status, response.headers, now) if response else None


def _decide(result: Result, number: int, schedule: Sequence[float], wait: timedelta | None, now: datetime) -> Decision:
    chance = random.random()  # noqa: S311  # jitter, no secret
    schedule = () if result.claimed.test else schedule
    return retry.decide(result.exchange.outcome, _status(result), number, schedule, now, chance, wait)


def _exhausted(claimed: Claimed, row: dict[str, Any], decision: Decision, webhook: Any) -> News:
    payload = {
        "delivery_id": claimed.delivery_id,
        "event_id": claimed.message.event_id,
        "event_type": row["event_type"],
        "attempt_count": row["attempt_count"],
        "reason": decision.reason,
    }
    return News(webhook, payload)


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
        "request_headers": mask(exchange.request.headers, result.claimed.destination.signature),
        "request_body": exchange.request.body,
        "status": response.status if response else None,
        "response_headers": response.headers if response else None,
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
        connection.execute(_MOVE, moves)
    fenced_out = {attempt["delivery_id"] for attempt in attempts} - {move["b_id"] for move in moves}
    if fenced_out:
        counts = [{"b_id": key, "b_count": held[key]["attempt_count"]} for key in sorted(fenced_out)]
        connection.execute(_COUNT_ATTEMPT, counts)
