"""What a clock that was set back would strand: moments written by the old clock, which the new one has still to reach.

Where the step is known, what waits is shifted by it. What is left, because nobody saw the step or because another
host's clock was wrong, is bound by what can have been meant at all.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Update, bindparam, case, literal_column, select, update
from sqlalchemy import type_coerce as coerce
from sqlalchemy.orm import InstrumentedAttribute

from sender.core import health, mails, pace, replays, retry
from sender.models import Delivery, Mail, Replay, Webhook, WorkerProcess
from sender.settings import SenderSettings
from shared.database import Instant

_MICROSECOND = timedelta(microseconds=1)

_NOW = bindparam("b_now", type_=Instant)
_STEP = bindparam("b_step", type_=BigInteger)
# As literals, as elsewhere: SQLite then sees which partial index holds them all.
_PENDING: ColumnElement[bool] = Delivery.state == literal_column("'pending'")
_SENDING: ColumnElement[bool] = Delivery.state == literal_column("'sending'")


def _update(column: InstrumentedAttribute[Any], value: Any, *conditions: ColumnElement[bool]) -> Update:
    return update(column.class_).where(*conditions).values({column: value})


def _earlier(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Return a moment less the step."""
    return coerce(column, BigInteger) - _STEP


def _shift(column: InstrumentedAttribute[Any]) -> Update:
    """Move what was to come by the step; what was due is due now, or has been already by the new clock."""
    return _update(column, case((column > bindparam("b_was"), _earlier(column)), else_=_NOW), column > _NOW)


def _bound(column: InstrumentedAttribute[Any], *conditions: ColumnElement[bool]) -> Update:
    latest = bindparam("b_latest", type_=Instant)
    return _update(column, latest, column > latest, *conditions)


# Written every few seconds: one that lies ahead says that nobody has seen to the step yet.
_SEEN = _update(
    WorkerProcess.seen_at, _earlier(WorkerProcess.seen_at), WorkerProcess.seen_at > bindparam("b_ahead", type_=Instant)
)
# Webhooks before deliveries, as everywhere. The rows of one table are locked as they lie, which others do by their ids:
# should two get in one another's way, PostgreSQL ends one of them, and its worker asks again.
_SHIFTS = (
    _shift(Webhook.blocked_until),
    _shift(Webhook.asked_until),
    _shift(Webhook.paced_until),
    _update(Webhook.asked_at, _earlier(Webhook.asked_at), Webhook.asked_at > _NOW),
    _update(Webhook.failing_since, _earlier(Webhook.failing_since), Webhook.failing_since > _NOW),
    _update(Webhook.warned_at, _earlier(Webhook.warned_at), Webhook.warned_at > _NOW),
    _shift(Delivery.next_attempt_at),
    _shift(Replay.next_step_at),
    _shift(Mail.next_attempt_at),
)
_BREAKER = _bound(Webhook.blocked_until, Webhook.blocked_reason == health.BREAKER)
_PROBE = _bound(Webhook.blocked_until, Webhook.blocked_reason == health.PROBING)
_REST = _bound(Webhook.blocked_until)
_ASKED = _bound(Webhook.asked_until)
_ASKED_AT = _bound(Webhook.asked_at)
_FAILING = _bound(Webhook.failing_since)
_WARNED = _bound(Webhook.warned_at)
_FIRST_TRY = _bound(Delivery.next_attempt_at, _PENDING, Delivery.attempt_count == 0)
_RETRY = _bound(Delivery.next_attempt_at, _PENDING)
_LEASE = _bound(Delivery.next_attempt_at, _SENDING)
_REPLAY = _bound(Replay.next_step_at, Replay.state == literal_column("'running'"))
_MAIL = _bound(Mail.next_attempt_at)
_WORKER = _bound(WorkerProcess.seen_at)
_PACED = select(Webhook.id, Webhook.rate_limit, Webhook.rate_period).where(Webhook.paced_until > _NOW)
_PACE = _bound(Webhook.paced_until, Webhook.id == bindparam("b_id"))


def shift(connection: Connection, was: datetime, now: datetime) -> None:
    """Have all wait for as long as it would have, when the clock was set back from `was` to `now`.

    Several workers notice a step; the first does this for all, and the others find no sign of life any more that lies
    ahead. Nor is there one after a step of seconds, shorter than the time between two signs: then nothing is done.
    """
    step = was - now
    given = {"b_was": was, "b_now": now, "b_step": step // _MICROSECOND, "b_ahead": now + step / 2}
    if connection.execute(_SEEN, given).rowcount:
        for statement in _SHIFTS:
            connection.execute(statement, given)


def bound(connection: Connection, now: datetime, settings: SenderSettings) -> bool:
    """Have nothing wait longer from `now` on than it can have been meant to; return whether anything did.

    A first try does not wait at all, a retry for its schedule or for what an endpoint asked for; and so on.
    """
    lease = timedelta(seconds=settings.lease_seconds)
    at_once = timedelta(0)
    scheduled = timedelta(seconds=max(settings.retry_schedule, default=0) * (1 + retry.JITTER))
    bounds = (
        (_BREAKER, health.LONGEST_REST),
        (_PROBE, lease),
        (_REST, retry.LONGEST_WAIT),
        (_ASKED, retry.LONGEST_WAIT),
        (_ASKED_AT, at_once),
        (_FAILING, at_once),
        (_WARNED, at_once),
        (_FIRST_TRY, at_once),
        (_RETRY, max(scheduled, retry.LONGEST_WAIT)),
        (_LEASE, lease),
        (_REPLAY, replays.LONGEST_PAUSE),
        (_MAIL, mails.LONGEST_WAIT),
        (_WORKER, at_once),
    )
    changed = _bound_paces(connection, now, timedelta(seconds=settings.begin_within))
    for statement, longest in bounds:
        changed += connection.execute(statement, {"b_latest": now + longest}).rowcount
    return changed > 0


def _bound_paces(connection: Connection, now: datetime, delay: timedelta) -> int:
    """Bound the memory of each rate limit by what it is when all was spent just now, to begin after `delay`."""
    changed = 0
    for row in connection.execute(_PACED, {"b_now": now}).all():
        limit = pace.of(row.rate_limit, row.rate_period)
        latest = limit.spend(None, now + delay, limit.allowance(None, now)) if limit else now
        changed += connection.execute(_PACE, {"b_id": row.id, "b_latest": latest}).rowcount
    return changed
