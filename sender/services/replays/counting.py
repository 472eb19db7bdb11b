"""Counting what a replay would send, in the database, so that a million rows take seconds.

It must agree with `core.replays.judge`, which decides pair by pair; a test holds the two against one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from sender.core import matching
from sender.core.replays import ReplayDraft, Target, wanted_states
from sender.models import Delivery, Event, Webhook
from sender.services.operations import is_operational
from shared.bulk import among

UNDER_WAY = ("pending", "sending")

_OTHER = aliased(Delivery)
_TAKES = and_(Webhook.active.is_(True), Webhook.deleted_at.is_(None))
_TARGETS = select(Webhook.id, Webhook.event_types, Webhook.created_at, _TAKES).order_by(Webhook.id)


def count(connection: Connection, draft: ReplayDraft, slugs: Iterable[str], targets: Sequence[Target]) -> int:
    """Return how many deliveries a replay of `draft` to `targets`, asked for now, would make.

    `slugs` are all event types.
    """
    types = _types(draft.event_type, slugs)
    if not targets or (types is not None and not types):
        return 0
    total = sum(_count_ended(connection, draft, types, targets, state) for state in wanted_states(draft.state))
    if "missing" in wanted_states(draft.state):
        total += _count_missing(connection, draft, types, targets)
    return total


def find_targets(connection: Connection, webhook_id: str | None) -> list[Target]:
    """Return the webhooks that a replay is counted for, by id: the named one although it be paused, or all active."""
    which = Webhook.active.is_(True) if webhook_id is None else Webhook.id == webhook_id
    return [Target(*row) for row in connection.execute(_TARGETS.where(Webhook.deleted_at.is_(None), which))]


def still_targets(connection: Connection, webhook_ids: Sequence[str]) -> list[Target]:
    """Return the webhooks that a replay was counted for, by id, as they are now."""
    return [Target(*row) for row in connection.execute(_TARGETS.where(among(Webhook.id, "ids")), {"ids": webhook_ids})]


def in_range(draft: ReplayDraft, types: Sequence[str] | None) -> ColumnElement[bool]:
    """Return the condition on events that a replay looks at."""
    conditions = [Event.created_at >= draft.since, Event.created_at < draft.until, Event.test.is_(False)]
    if types is not None:
        conditions.append(Event.type.in_(types))
    return and_(*conditions)


def _types(pattern: str | None, slugs: Iterable[str]) -> list[str] | None:
    """Return the event types that a slug or glob means; None: all."""
    if pattern is None:
        return None
    return [slug for slug in slugs if matching.matches([pattern], slug)] if "*" in pattern else [pattern]


def _count_ended(
    connection: Connection, draft: ReplayDraft, types: Sequence[str] | None, targets: Sequence[Target], state: str
) -> int:
    """Return how many pairs have ended in `state`; each is counted at the one delivery that decides, found by index."""
    if state == "missing":
        return 0
    if state == "succeeded":
        spoils = or_(_OTHER.state.in_(UNDER_WAY), and_(_OTHER.state == "succeeded", _OTHER.id > Delivery.id))
    else:
        spoils = or_(_OTHER.state.in_((*UNDER_WAY, "succeeded")), _OTHER.id > Delivery.id)
    query = _deliveries(draft, types, targets, func.count()).where(Delivery.state == state, ~_another(spoils))
    return connection.scalar(query) or 0


def _count_missing(
    connection: Connection, draft: ReplayDraft, types: Sequence[str] | None, targets: Sequence[Target]
) -> int:
    """Return for how many pairs there is no delivery: the events that were wanted, less those that have one."""
    existing = _count_existing(connection, draft, types, targets)
    by_start: dict[datetime, dict[str, int]] = {}
    missing = 0
    for target in targets:
        start = draft.since if draft.state == "missing" else max(draft.since, target.created_at)
        if start not in by_start:
            by_start[start] = _count_events(connection, draft, types, start)
        for slug, number in by_start[start].items():
            if not is_operational(slug) and matching.matches(target.event_types, slug):
                missing += max(0, number - existing.get((target.id, slug), 0))
    return missing


def _count_existing(
    connection: Connection, draft: ReplayDraft, types: Sequence[str] | None, targets: Sequence[Target]
) -> dict[tuple[str, str], int]:
    """Return by webhook and event type how many pairs have a delivery; each is counted at its first."""
    key = (Delivery.webhook_id, Event.type)
    query = _deliveries(draft, types, targets, *key, func.count())
    query = query.where(Event.derived_from.is_(None), ~_another(_OTHER.id < Delivery.id))
    if draft.state is None:
        query = query.join(Webhook, Webhook.id == Delivery.webhook_id).where(Event.created_at >= Webhook.created_at)
    return {(webhook_id, slug): number for webhook_id, slug, number in connection.execute(query.group_by(*key))}


def _deliveries(draft: ReplayDraft, types: Sequence[str] | None, targets: Sequence[Target], *columns: Any) -> Any:
    webhook_ids = [target.id for target in targets]
    query = select(*columns).select_from(Delivery).join(Event, Event.id == Delivery.event_id)
    return query.where(in_range(draft, types), Delivery.test.is_(False), Delivery.webhook_id.in_(webhook_ids))


def _another(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that the pair has another delivery that meets `condition`."""
    # The empty text keeps SQLite from going by the webhook, of which there may be a million, instead of by the event.
    is_same_pair = and_(_OTHER.event_id == Delivery.event_id, _OTHER.webhook_id.concat("") == Delivery.webhook_id)
    return exists().where(is_same_pair, _OTHER.id != Delivery.id, _OTHER.test.is_(False), condition)


def _count_events(
    connection: Connection, draft: ReplayDraft, types: Sequence[str] | None, start: datetime
) -> dict[str, int]:
    query = (
        select(Event.type, func.count())
        .where(in_range(draft, types), Event.created_at >= start, Event.derived_from.is_(None))
        .group_by(Event.type)
    )
    return {slug: number for slug, number in connection.execute(query)}  # noqa: C416  # rows are no pairs for mypy
