"""What attempts mean for their webhook: counters, rest, warning and disabling, and who is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from sender.core import health
from sender.core.health import Health, Notice
from sender.core.retry import Decision
from sender.models import Webhook, has_ended
from sender.services import mails, missed, operations
from sender.services.deliveries import owed
from sender.services.deliveries.owed import Off
from shared import moments, spans
from shared.bulk import BulkUpdate, Rows, among
from shared.exchange import Exchange
from shared.moments import microseconds

_HEALTH = tuple(field.name for field in fields(Health))
_LOCK = Rows(
    select(
        Webhook.id,
        Webhook.name,
        Webhook.url,
        Webhook.deleted_at,
        Webhook.disabled_reason,
        *(getattr(Webhook, name) for name in _HEALTH),
    )
    .where(among(Webhook.id, "ids"))
    .order_by(Webhook.id)
    .with_for_update(key_share=True)  # publishing, which refers to the row, goes on
)
_COUNTERS = ("succeeded_count", "failed_count")
_LAST = ("last_attempt_at", "last_outcome", "last_status", "last_duration_ms")
_COUNT = BulkUpdate(Webhook.__table__, ("id", *_COUNTERS, *_LAST), added=_COUNTERS)
_CHANGE_HEALTH = BulkUpdate(Webhook.__table__, ("id", *_HEALTH))


@dataclass(frozen=True, slots=True)
class Done:
    """An attempt that counts: its exchange, what it led to, and how long the endpoint asked to wait."""

    exchange: Exchange
    decision: Decision
    test: bool
    retry_after: timedelta | None


@dataclass(frozen=True, slots=True)
class Told:
    """What people are told because of an attempt, and the health right after it, which later ones may have changed."""

    notice: Notice
    attempt: Done
    health: Health


@dataclass(frozen=True, slots=True)
class Locked:
    """A webhook's row that no other transaction changes until this one ends."""

    row: Any
    health: Health

    @property
    def has_ended(self) -> bool:
        """Whether it was disabled or deleted: it is owed nothing more."""
        return has_ended(self.row)

    def is_at(self, url: str) -> bool:
        """Whether it still has this URL; an answer from another says nothing about the endpoint that it has now."""
        return bool(self.row.url == url)


def lock(connection: Connection, webhook_ids: Collection[str]) -> dict[str, Locked]:
    """Return the webhooks by id, locked in the order of their ids."""
    rows = _LOCK.all(connection, {"ids": list(webhook_ids)})
    return {row.id: Locked(row, Health(*row[-len(_HEALTH) :])) for row in rows}


def write(
    connection: Connection,
    webhooks: Mapping[str, Locked],
    done: Mapping[str, Sequence[Done]],
    disable_after: timedelta | None,
    now: datetime,
    *,
    mail: bool,
) -> None:
    """Write counters and health after attempts, disable what has to be, and tell about it.

    An attempt at a URL that was changed meanwhile says nothing about the health of the new one.
    """
    counts: list[tuple[Any, ...]] = []
    healths: list[tuple[Any, ...]] = []
    told: list[tuple[Any, Told]] = []
    for webhook_id, attempts in done.items():
        locked = webhooks[webhook_id]
        of_this_url = [one for one in attempts if locked.is_at(one.exchange.request.url)]
        after, news = _fold(locked.health, of_this_url, disable_after, now)
        if locked.has_ended:  # nobody is told now; that it recovered is to be told when it is active again
            after = replace(after, told_at=locked.health.told_at)
        counts.append(_count(webhook_id, attempts))
        if after != locked.health:
            healths.append((webhook_id, *map(_driver_value, astuple(after))))
        told.extend((locked.row, one) for one in news if not locked.has_ended)
    _COUNT.run(connection, counts)
    _CHANGE_HEALTH.run(connection, healths)
    for row, one in told:
        _tell(connection, row, one, now, mail=mail)


def end_webhook(connection: Connection, row: Any, reason: str, failing_since: datetime | None, now: datetime) -> None:
    """Switch a webhook (its row) off for `reason`, note what it missed, and begin to cancel what it was still owed."""
    missed.note(connection, row.id, failing_since or now, now)
    connection.execute(
        update(Webhook).where(Webhook.id == row.id).values(active=False, disabled_reason=reason, updated_at=now)
    )
    owed.settle(connection, Off(row.id, row.deleted_at, reason), now)


def _fold(
    state: Health, attempts: Sequence[Done], disable_after: timedelta | None, now: datetime
) -> tuple[Health, list[Told]]:
    """Return the health after attempts in the order in which they ended, and what to tell.

    A test that fails says nothing about the deliveries of the webhook; one that succeeds ends its rest.
    """
    news: list[Told] = []
    for at, one in enumerate(attempts):
        if one.decision.ends_webhook:
            last = [each for each in attempts[at:] if each.decision.ends_webhook and not each.test]
            state = health.after_gone(state, len(last), now)
            return state, [*news, Told("disabled", one, state)]
        if one.exchange.outcome.kind == "succeeded":
            step = health.after_success(state, one.exchange.started_at, now)
        elif one.test:
            continue
        else:
            step = health.after_failure(state, now, disable_after, one.retry_after)
        state = step.health
        if step.notice:
            news.append(Told(step.notice, one, state))
        if step.notice == "disabled":
            break
    return state, news


def _count(webhook_id: str, attempts: Sequence[Done]) -> tuple[Any, ...]:
    last = max((one.exchange for one in attempts), key=lambda exchange: exchange.started_at)
    counted = [one.decision.state for one in attempts if not one.test]
    return (
        webhook_id,
        counted.count("succeeded"),
        counted.count("failed"),
        microseconds(last.started_at),
        last.outcome.kind,
        last.response.status if last.response else None,
        round(last.duration_ms),
    )


def _driver_value(value: Any) -> Any:
    return microseconds(value) if isinstance(value, datetime) else value


def _tell(connection: Connection, row: Any, told: Told, now: datetime, *, mail: bool) -> None:
    notice, attempt, after = told.notice, told.attempt, told.health
    payload: dict[str, Any] = {}
    detail = attempt.exchange.outcome.detail
    since = spans.in_words(now - after.failing_since) if after.failing_since else ""
    if notice == "failing" and after.failing_since:
        payload = {
            "failing_since": moments.rfc3339(after.failing_since),
            "failure_count": after.failure_count,
            "reason": detail,
        }
        text = (
            f"It has been failing for {since} ({after.failure_count} attempts). If it goes on, it is disabled, after "
            f"{health.DISABLE_AFTER_FAILURES} failures in a row at the earliest. The last one: {detail}"
        )
    elif notice == "disabled":
        gone = attempt.decision.ends_webhook
        reason = (attempt.decision.reason or "") if gone else f"It was failing for {since}. The last attempt: {detail}"
        end_webhook(connection, row, reason, after.failing_since, now)
        payload, text = {"reason": reason}, f"{reason} What it was still owed is cancelled and can be replayed."
    else:
        text = "It has taken a delivery again."
    operations.emit(connection, f"webhook.{notice}", payload, about=row, now=now)
    if mail:
        titles = {"failing": "is failing", "recovered": "has recovered", "disabled": "was disabled"}
        mails.owe(connection, f"Webhook {row.name} {titles[notice]}", f"{row.name} ({row.url})\n\n{text}", now)
