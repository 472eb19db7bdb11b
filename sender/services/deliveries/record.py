"""Recording: every attempt is kept, and only the holder of the claim moves the delivery on."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import Connection, bindparam, select, update

from sender.core import retry
from sender.core.retry import Decision
from sender.core.signatures import mask
from sender.models import Attempt, Delivery
from sender.services import missed, operations
from sender.services.deliveries import webhook_health
from sender.services.deliveries.claim import Claimed
from sender.services.deliveries.owed import Off
from sender.services.deliveries.webhook_health import Done
from sender.services.operations import News
from sender.settings import SenderSettings
from shared import ids
from shared.bulk import BulkInsert, BulkUpdate, Rows, among
from shared.exchange import Exchange
from shared.moments import microseconds
from shared.outcome import Outcome

_LOCK = Rows(
    select(Delivery.id, Delivery.claim_id, Delivery.attempt_count, Delivery.event_type)
    .where(among(Delivery.id, "ids"))
    .order_by(Delivery.id)
    .with_for_update()
)
_IDS = Rows(select(Attempt.id).where(among(Attempt.id, "ids")))
_ATTEMPT = BulkInsert(
    Attempt.__table__,
    (
        "number",
        "id",
        "delivery_id",
        "started_at",
        "duration_ms",
        "outcome",
        "detail",
        "method",
        "url",
        "request_headers",
        "request_body",
        "status",
        "response_headers",
        "response_body",
        "response_truncated",
    ),
)
_MOVE = BulkUpdate(
    Delivery.__table__,
    ("id", "attempt_count", "state", "reason", "next_attempt_at", "finished_at", "claim_id"),
)
_COUNT_ATTEMPT = update(Delivery).where(Delivery.id == bindparam("b_id")).values(attempt_count=bindparam("b_count"))


@dataclass(frozen=True, slots=True)
class Result:
    """A claimed delivery and the exchange that was made for it.

    `row` is the attempt as it is kept, all but its number: written down before the turn at the database, not in it.
    """

    claimed: Claimed
    exchange: Exchange
    row: tuple[Any, ...]

    @property
    def attempt_id(self) -> str:
        """The id of the attempt."""
        return str(self.row[0])

    @classmethod
    def of(cls, claimed: Claimed, exchange: Exchange) -> Self:
        """Return the result of a claim, its exchange without a secret that was sent in clear."""
        exchange = mask(exchange, claimed.destination.signature, claimed.destination.secrets or ())
        return cls(claimed, exchange, _attempt(claimed, exchange))

    @classmethod
    def without_answer(cls, claimed: Claimed, exchange: Exchange, error: str) -> Self:
        """Return the result to record when that of `exchange` cannot be, for an error of this name."""
        outcome = Outcome("internal", f"The request was sent, but what came of it could not be recorded ({error}).")
        return cls.of(claimed, replace(exchange, response=None, outcome=outcome))


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
    """Write attempts and what follows from them in the open writing transaction; what is recorded already stays.

    An attempt is kept even when its worker was too slow and the delivery has been claimed by another since: then
    only the attempt is added, the delivery's state is the other's to write.
    """
    if not results:
        return
    # Webhooks before deliveries, as everywhere: two transactions that lock in one order never deadlock.
    webhooks = webhook_health.lock(connection, {result.claimed.webhook_id for result in results})
    held = _lock(connection, [result.claimed.delivery_id for result in results])
    recorded = _recorded(connection, results, held)
    attempts: list[tuple[Any, ...]] = []
    moves: dict[str, Decision] = {}
    per_webhook: dict[str, list[Done]] = defaultdict(list)
    exhausted = []
    for result in results:
        claimed = result.claimed
        row = held.get(claimed.delivery_id)
        if row is None:  # so late that another has made it and retention has deleted it
            continue
        if result.attempt_id in recorded:
            continue
        row["attempt_count"] += 1
        attempts.append((row["attempt_count"], *result.row))
        if row["claim_id"] != claimed.claim_id:
            continue
        webhook = webhooks[claimed.webhook_id]
        status = _status(result) if webhook.is_at(result.exchange.request.url) else None
        wait = _retry_after(result, now) if status else None
        decision = _decide(result, status, row["attempt_count"], rules.schedule, wait, now)
        if decision.state == "pending" and webhook.has_ended:
            decision = Decision("cancelled", Off.of(webhook.row).why_cancelled)
        if decision.state != "succeeded" and webhook.has_ended and not claimed.test:
            missed.note_since(connection, claimed.webhook_id, claimed.message.occurred_at)
        moves[claimed.delivery_id] = decision
        per_webhook[claimed.webhook_id].append(Done(result.exchange, decision, claimed.test, wait))
        if decision.state == "failed" and not (claimed.test or operations.is_operational(row["event_type"])):
            exhausted.append(_exhausted(claimed, row, decision, webhook.row))
    _write(connection, attempts, moves, held, now)
    webhook_health.write(connection, webhooks, per_webhook, rules.disable_after, now, mail=rules.mail)
    operations.emit_all(connection, "delivery.exhausted", exhausted, now)


def _lock(connection: Connection, delivery_ids: list[str]) -> dict[str, dict[str, Any]]:
    return {row.id: row._asdict() for row in _LOCK.all(connection, {"ids": delivery_ids})}


def _recorded(connection: Connection, results: Sequence[Result], held: dict[str, dict[str, Any]]) -> set[str]:
    """Return which attempts are there: those of a transaction whose commit went through although we were not told."""
    late = [
        result.attempt_id
        for result in results
        if result.claimed.delivery_id in held
        and held[result.claimed.delivery_id]["claim_id"] != result.claimed.claim_id
    ]
    return {row.id for row in _IDS.all(connection, {"ids": late})} if late else set()


def _status(result: Result) -> int | None:
    return result.exchange.response.status if result.exchange.response else None


def _retry_after(result: Result, now: datetime) -> timedelta | None:
    response = result.exchange.response
    return retry.read_retry_after(response.status, response.headers, now) if response else None


def _decide(
    result: Result, status: int | None, number: int, schedule: Sequence[float], wait: timedelta | None, now: datetime
) -> Decision:
    chance = random.random()  # noqa: S311  # jitter, no secret
    schedule = () if result.claimed.test else schedule
    return retry.decide(result.exchange.outcome, status, number, schedule, now, chance, wait)


def _exhausted(claimed: Claimed, row: dict[str, Any], decision: Decision, webhook: Any) -> News:
    payload = {
        "delivery_id": claimed.delivery_id,
        "event_id": claimed.message.event_id,
        "event_type": row["event_type"],
        "attempt_count": row["attempt_count"],
        "reason": decision.reason,
    }
    return News(webhook, payload)


def _attempt(claimed: Claimed, exchange: Exchange) -> tuple[Any, ...]:
    request, response = exchange.request, exchange.response
    return (
        ids.new("att", exchange.started_at),
        claimed.delivery_id,
        microseconds(exchange.started_at),
        round(exchange.duration_ms),
        exchange.outcome.kind,
        exchange.outcome.detail,
        request.method,
        request.url,
        json.dumps(request.headers),
        request.body,
        response.status if response else None,
        json.dumps(response.headers if response else None),
        response.body if response else None,
        response.truncated if response else False,
    )


def _write(
    connection: Connection,
    attempts: list[tuple[Any, ...]],
    moves: dict[str, Decision],
    held: dict[str, dict[str, Any]],
    now: datetime,
) -> None:
    _ATTEMPT.run(connection, attempts)
    if moves:
        ended = microseconds(now)
        rows = [
            (
                delivery_id,
                held[delivery_id]["attempt_count"],  # a late result may stand behind it in the batch
                decision.state,
                decision.reason,
                microseconds(decision.next_attempt_at) if decision.next_attempt_at else None,
                None if decision.state == "pending" else ended,
                None,
            )
            for delivery_id, decision in moves.items()
        ]
        _MOVE.run(connection, rows)
    if fenced_out := held.keys() - moves.keys():
        counts = [{"b_id": key, "b_count": held[key]["attempt_count"]} for key in sorted(fenced_out)]
        connection.execute(_COUNT_ATTEMPT, counts)
