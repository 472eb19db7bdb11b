"""A webhook's health: when it is given a rest (circuit breaker), warned about, and disabled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

Notice = Literal["failing", "recovered", "disabled"]

BREAKER_AFTER = 5  # failed attempts in a row
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=10)
# Failed attempts in a row without which time alone never disables: a webhook that is rarely used is not a dead one.
DISABLE_AFTER_FAILURES = 10

BREAKER, RETRY_AFTER, PROBING = "breaker", "retry_after", "probing"


@dataclass(frozen=True, slots=True)
class Health:
    """The failures in a row that have not ended with a success, and what they led to."""

    failure_count: int = 0
    failing_since: datetime | None = None
    warned_at: datetime | None = None
    trip_count: int = 0
    blocked_until: datetime | None = None  # nothing is sent before; then one delivery probes
    blocked_reason: str | None = None
    asked_at: datetime | None = None  # when the endpoint last asked to be left alone, by a Retry-After, and until when
    asked_until: datetime | None = None
    told_at: datetime | None = None  # when people were told that it is failing, until they are told that it recovered


_WELL = Health()


@dataclass(frozen=True, slots=True)
class Step:
    """The health after an attempt, and what people are to be told about it, if anything."""

    health: Health
    notice: Notice | None = None


def after_success(health: Health, began: datetime, now: datetime) -> Step:
    """Return the health after an attempt that `began` then and succeeded: all is well again.

    What the endpoint asked for after that is kept: it knew of this attempt when it asked to be left alone.
    """
    notice: Notice | None = "recovered" if health.told_at else None
    asked_at, until = health.asked_at, health.asked_until
    if asked_at is None or until is None or until <= now or began >= asked_at:
        return Step(_WELL, notice)
    return Step(
        replace(_WELL, blocked_until=until, blocked_reason=RETRY_AFTER, asked_at=asked_at, asked_until=until), notice
    )


def after_failure(
    health: Health, now: datetime, disable_after: timedelta | None, retry_after: timedelta | None = None
) -> Step:
    """Return the health after an attempt that failed.

    `retry_after` is how long the endpoint asked to be left alone. `disable_after` is the span of failing that ends
    in `disabled`, given ten failures in a row and a warning before; None never disables. The warning is given at half
    of the span, however few failures there were.
    """
    failing_since = health.failing_since or now
    health = replace(health, failure_count=health.failure_count + 1, failing_since=failing_since)
    health = _rest(health, now, retry_after)
    if disable_after is None:
        return Step(health)
    if health.warned_at is None:
        is_long = now - failing_since >= disable_after / 2
        return Step(replace(health, warned_at=now, told_at=now), "failing") if is_long else Step(health)
    is_dead = health.failure_count >= DISABLE_AFTER_FAILURES and now - failing_since >= disable_after
    # Attempts that are recorded together have one moment: people are to learn of the warning before.
    return Step(health, "disabled" if is_dead and health.warned_at < now else None)


def after_gone(health: Health, count: int, now: datetime) -> Health:
    """Return the health after `count` attempts that the endpoint ended for good: failures that call for no rest."""
    if not count:
        return health
    return replace(health, failure_count=health.failure_count + count, failing_since=health.failing_since or now)


def is_blocked(health: Health, now: datetime) -> bool:
    """Return whether nothing may be sent at `now`."""
    return health.blocked_until is not None and health.blocked_until > now


def _rest(health: Health, now: datetime, retry_after: timedelta | None) -> Health:
    """Open the breaker at the fifth failure in a row and after each failed probe, for twice as long each time.

    Failures that come in while it is open, of attempts begun before, do not count as another trip.
    """
    if health.blocked_reason == PROBING:
        health = replace(health, blocked_until=None, blocked_reason=None)
    if health.failure_count == BREAKER_AFTER or (health.failure_count > BREAKER_AFTER and not is_blocked(health, now)):
        health = _block(health, now + min(LONGEST_REST, FIRST_REST * 2 ** min(health.trip_count, 10)), BREAKER)
        health = replace(health, trip_count=health.trip_count + 1)
    if not retry_after:
        return health
    until = max(now + retry_after, health.asked_until or now)
    return replace(_block(health, now + retry_after, RETRY_AFTER), asked_at=now, asked_until=until)


def _block(health: Health, until: datetime, reason: str) -> Health:
    if health.blocked_until is not None and health.blocked_until >= until:
        return health
    return replace(health, blocked_until=until, blocked_reason=reason)
