"""Counting what a replay would send, in the database, so that a million rows take seconds.

It must agree with `core.replays.judge`, which decides pair by pair; a test holds the two against one another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from sender.core import matching
from sender.core.replays import ReplayDraft, Target, wanted_states
from sender.models import Delivery, Event, Webhook
from sender.services.operations import is_operational

_ID_LENGTH = 30


def count(connection: Connection, draft: ReplayDraft, slugs: Iterable[str]) -> int:
    """Return how many deliveries a replay of `draft`, asked for now, would make; `slugs` are all event types.

    A webhook that is named is counted for although it be paused.
    """
    targets = find_targets(connection, draft.webhook_id)
    types = _types(draft.event_type, slugs)
    if not targets or (types is not None and not types):
        return 0
    wanted = wanted_states(draft.state)
    pairs = connection.execute(_pairs(draft, types, targets, wanted)).all()
    total: int = sum(row.wanted for row in pairs)
    if "missing" in wanted:
        existing = Counter({(row.webhook_id, row.type): row.eligible for row in pairs})
        total += _count_missing(connection, draft, types, targets, existing)
    return total


def find_targets(connection: Connection, webhook_id: str | None, *, active: bool = False) -> list[Target]:
    """Return the webhooks that a replay sends to, by id: the named one (only if active: `active`), or all active."""
    query = select(Webhook.id, Webhook.event_types, Webhook.created_at).where(Webhook.deleted_at.is_(None))
    if webhook_id is not None:
        query = query.where(Webhook.id == webhook_id)
    if active or webhook_id is None:
        query = query.where(Webhook.active.is_(True))
    return [Target(*row) for row in connection.execute(query.order_by(Webhook.id))]


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


def _pairs(draft: ReplayDraft, types: Sequence[str] | None, targets: Sequence[Target], wanted: Sequence[str]) -> Any:
    """Select by webhook and type how many pairs are wanted, and how many would be missing had they no delivery."""
    by_time = Event.created_at >= (Webhook.created_at if draft.state is None else draft.since)
    is_eligible = and_(Event.derived_from.is_(None), by_time)
    pair = (
        select(
            Delivery.webhook_id,
            Event.type,
            func.max(case((is_eligible, 1), else_=0)).label("eligible"),
            func.max(case((Delivery.state.in_(("pending", "sending")), 1), else_=0)).label("under_way"),
            func.max(case((Delivery.state == "succeeded", 1), else_=0)).label("succeeded"),
            func.substr(func.max(Delivery.id.concat(Delivery.state)), _ID_LENGTH + 1).label("newest"),
        )
        .join(Event, Event.id == Delivery.event_id)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(in_range(draft, types), Delivery.test.is_(False), Delivery.webhook_id.in_([one.id for one in targets]))
        .group_by(Delivery.event_id, Delivery.webhook_id, Event.type)
        .subquery()
    )
    state = case((pair.c.succeeded == 1, "succeeded"), else_=pair.c.newest)
    is_wanted = and_(pair.c.under_way == 0, state.in_(wanted))
    return select(
        pair.c.webhook_id,
        pair.c.type,
        func.sum(case((is_wanted, 1), else_=0)).label("wanted"),
        func.sum(pair.c.eligible).label("eligible"),
    ).group_by(pair.c.webhook_id, pair.c.type)


def _count_missing(
    connection: Connection,
    draft: ReplayDraft,
    types: Sequence[str] | None,
    targets: Sequence[Target],
    existing: Counter[tuple[str, str]],
) -> int:
    """Return for how many pairs there is no delivery: the events that were wanted, less those that have one."""
    by_start: dict[datetime, dict[str, int]] = {}
    missing = 0
    for target in targets:
        start = draft.since if draft.state == "missing" else max(draft.since, target.created_at)
        if start not in by_start:
            by_start[start] = _count_events(connection, draft, types, start)
        for slug, number in by_start[start].items():
            if not is_operational(slug) and matching.matches(target.event_types, slug):
                missing += max(0, number - existing[target.id, slug])
    return missing


def _count_events(
    connection: Connection, draft: ReplayDraft, types: Sequence[str] | None, start: datetime
) -> dict[str, int]:
    query = (
        select(Event.type, func.count())
        .where(in_range(draft, types), Event.created_at >= start, Event.derived_from.is_(None))
        .group_by(Event.type)
    )
    return {slug: number for slug, number in connection.execute(query)}  # noqa: C416  # rows are no pairs for mypy
