"""Counting what a replay would send, in the database, so that a million rows take seconds.

It must agree with `core.replays.judge`, which decides pair by pair; a test holds the two against one another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, and_, bindparam, exists, func, or_, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.functions import FunctionElement

from sender.core import matching
from sender.core.replays import ReplayDraft, Target, wanted_states
from sender.models import OWED_STATES, Delivery, Event, Webhook
from sender.services.operations import is_operational
from shared.bulk import among


class _Unindexed(FunctionElement[str]):
    """A column whose indexes SQLite, which knows little about how many rows have a value, is not to use here."""

    type = String()
    inherit_cache = True


@compiles(_Unindexed)
def _column(element: Any, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(_Unindexed, "sqlite")
def _column_without_index(element: Any, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


_OTHER = aliased(Delivery)
_EDITED = aliased(Event)
_DERIVED = select(_EDITED.id).where(_EDITED.derived_from.is_not(None))
_IS_ODD = or_(Event.test == true(), Event.derived_from.is_not(None))
_NEXT_TYPE = select(func.min(Event.type)).where(Event.type > bindparam("last"))
_TAKES = and_(Webhook.active.is_(True), Webhook.deleted_at.is_(None))
_TARGETS = select(Webhook.id, Webhook.event_types, Webhook.created_at, _TAKES).order_by(Webhook.id)


def count(connection: Connection, draft: ReplayDraft, slugs: Iterable[str], targets: Sequence[Target]) -> int:
    """Return how many deliveries a replay of `draft` to `targets`, asked for now, would make.

    `slugs` are all event types.
    """
    types = _types(draft.event_type, slugs)
    if not targets or (types is not None and not types):
        return 0
    total = _count_ended(connection, draft, types, targets)
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
    connection: Connection, draft: ReplayDraft, types: Sequence[str] | None, targets: Sequence[Target]
) -> int:
    """Return how many pairs have ended as wanted; each is counted at the one delivery that decides."""
    wanted = [state for state in wanted_states(draft.state) if state != "missing"]
    if not wanted:
        return 0
    if wanted == ["succeeded"]:
        spoils = or_(_OTHER.state.in_(OWED_STATES), and_(_OTHER.state == "succeeded", _OTHER.id > Delivery.id))
    else:
        spoils = or_(_OTHER.state.in_((*OWED_STATES, "succeeded")), _OTHER.id > Delivery.id)
    query = _deliveries(draft, types, targets, func.count())
    return connection.scalar(query.where(_Unindexed(Delivery.state).in_(wanted), ~_another(spoils))) or 0


def _count_missing(
    connection: Connection, draft: ReplayDraft, types: Sequence[str] | None, targets: Sequence[Target]
) -> int:
    """Return for how many pairs there is no delivery: the events that were wanted, less those that have one."""
    existing = _count_existing(connection, draft, types, targets)
    starts = {
        target.id: draft.since if draft.state == "missing" else max(draft.since, target.created_at)
        for target in targets
    }
    by_start = _count_events(connection, types, sorted(set(starts.values())), draft.until)
    missing = 0
    for target in targets:
        for slug, number in by_start[starts[target.id]].items():
            if not is_operational(slug) and matching.matches(target.event_types, slug):
                missing += max(0, number - existing.get((target.id, slug), 0))
    return missing


def _count_existing(
    connection: Connection, draft: ReplayDraft, types: Sequence[str] | None, targets: Sequence[Target]
) -> dict[tuple[str, str], int]:
    """Return by webhook and event type how many pairs have a delivery; each is counted at its first."""
    key = (Delivery.webhook_id, Delivery.event_type)
    query = _deliveries(draft, types, targets, *key, func.count())
    query = query.where(Event.id.not_in(_DERIVED), ~_another(_OTHER.id < Delivery.id))
    if draft.state is None and any(target.created_at > draft.since for target in targets):
        later = exists().where(Webhook.id == Delivery.webhook_id, Webhook.created_at > Event.created_at)
        query = query.where(~later)
    return {(webhook_id, slug): number for webhook_id, slug, number in connection.execute(query.group_by(*key))}


def _deliveries(draft: ReplayDraft, types: Sequence[str] | None, targets: Sequence[Target], *columns: Any) -> Any:
    """Return a query for what the events that a replay looks at owe its webhooks, tests left out.

    It goes by the events in the order of time, of which an index tells all that is asked for: their deliveries lie
    side by side then. By webhook or state, each would be looked for anew in another part of the table.
    """
    query = select(*columns).select_from(Delivery).join(Event, Event.id == Delivery.event_id)
    query = query.where(Event.created_at >= draft.since, Event.created_at < draft.until)
    if types is not None:
        query = query.where(Event.type.in_(types))
    # A test has deliveries that are tests, so that the event need not be read for it.
    return query.where(Delivery.test.is_(False), _Unindexed(Delivery.webhook_id).in_([one.id for one in targets]))


def _another(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that the pair has another delivery that meets `condition`."""
    is_same_pair = and_(_OTHER.event_id == Delivery.event_id, _Unindexed(_OTHER.webhook_id) == Delivery.webhook_id)
    return exists().where(is_same_pair, _OTHER.id != Delivery.id, _OTHER.test.is_(False), condition)


def _count_events(
    connection: Connection, types: Sequence[str] | None, starts: Sequence[datetime], until: datetime
) -> dict[datetime, dict[str, int]]:
    """Return by start how many events of each type, neither tests nor derived ones, were published from then on.

    Each event is counted once, between two starts. All are counted from an index, and then the odd ones taken off,
    which have one of their own: else a million events would be read with their payloads.
    """
    kinds = _types_seen(connection) if types is None else types
    totals: Counter[str] = Counter()
    found = {}
    for start, end in reversed(list(zip(starts, [*starts[1:], until], strict=True))):
        if start < min(end, until):
            span = select(Event.type, func.count()).where(Event.created_at >= start, Event.created_at < min(end, until))
            span = span.where(Event.type.in_(kinds)).group_by(Event.type)
            totals.update(_numbers(connection, span))
            totals.subtract(_numbers(connection, span.where(_IS_ODD)))
        found[start] = dict(totals)
    return found


def _numbers(connection: Connection, query: Any) -> dict[str, int]:
    return {slug: number for slug, number in connection.execute(query)}  # noqa: C416  # rows are no pairs for mypy


def _types_seen(connection: Connection) -> list[str]:
    """Return the types of all events there are, one step of their index each."""
    found: list[str] = []
    while slug := connection.scalar(_NEXT_TYPE, {"last": found[-1] if found else ""}):
        found.append(slug)
    return found
