"""Advancing replays: a worker's short turn makes some deliveries of each and writes down how far it came."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Engine, func, insert, literal, literal_column, select, tuple_, update
from sqlalchemy.exc import SQLAlchemyError

from sender.core import matching, replays
from sender.core.replays import Cursor, PastEvent, ReplayDraft, Target
from sender.models import Delivery, Event, Replay, Webhook
from sender.services import missed
from sender.services.context import CHANGES
from sender.services.operations import is_operational
from sender.services.outbox import new_delivery
from sender.services.replays.counting import in_range, still_targets
from shared import changes
from shared.database import Instant, writing_connection

_log = structlog.get_logger("sender.worker")

_AT_ONCE = 5  # replays advanced in one turn
_FEW = 10  # events looked at under the lock beyond twice those to be made
_TURN = 7_365_012_114  # any number: PostgreSQL's advisory lock of whoever takes a step

# As a literal: with a bound value SQLite cannot know that the partial index on running replays holds them all.
_RUNNING: ColumnElement[bool] = Replay.state == literal_column("'running'")
_NEXT = select(func.min(Replay.next_step_at)).where(_RUNNING)


@dataclass(slots=True)
class _Progress:
    """What one step does: how far it looks, what it makes, how many pairs are done with, and which it skips.

    Of these it is told how many, and for each webhook when the first of the events was published.
    """

    cursor: Cursor | None
    rows: list[dict[str, Any]] = field(default_factory=list)
    done: int = 0
    skipped: int = 0
    skipped_since: dict[str, datetime] = field(default_factory=dict)
    has_ended: bool = False


def step(engine: Engine, now: datetime) -> datetime | None:
    """Advance the running replays that are due at `now` by what their rates allow; return when the next step is due.

    None: nothing runs. The deliveries that a step makes and how far it came commit together, so that after a crash no
    pair is made twice and none left out. Several workers may call it at once: one of them takes the step.
    One that cannot be read, as of another release, is stopped: the others would wait for it for ever.
    """
    with engine.connect() as connection:
        due: datetime | None = connection.scalar(_NEXT)
        if due is None or due > now:
            return due
        starts = {row.id: (row.cursor, _start(connection, row)) for row in connection.execute(_due(now)).all()}
    with writing_connection(engine) as connection:
        if not _take_turn(connection):
            return now + replays.BREATH
        rows = connection.execute(_due(now).with_for_update(skip_locked=True)).all()
        for row in rows:
            seen, start = starts.get(row.id, (None, None))
            _advance_or_stop(connection, row, start if seen == row.cursor else None, now)
        if rows:
            changes.announce(connection, CHANGES)
        due = connection.scalar(_NEXT)
    return due if rows or due is None else max(due, now + replays.BREATH)  # somebody is stopping them


def _take_turn(connection: Connection) -> bool:
    """Return whether no other worker takes a step now: two replays of the same pair must see one another's deliveries.

    SQLite has one writer anyhow.
    """
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.scalar(select(func.pg_try_advisory_xact_lock(_TURN))))


def _due(now: datetime) -> Any:
    query = select(Replay.__table__).where(_RUNNING, Replay.next_step_at <= now)
    return query.order_by(Replay.next_step_at).limit(_AT_ONCE)


def _cursor(row: Any) -> Cursor | None:
    return Cursor.read(row.cursor) if row.cursor else None


def _start(connection: Connection, row: Any) -> Cursor | None:
    try:
        return _skip(connection, row)
    except SQLAlchemyError:
        raise
    except Exception:  # noqa: BLE001  # the step comes upon it too, and can write what is to follow from it
        return None


def _skip(connection: Connection, row: Any) -> Cursor | None:
    """Return from where on there may be something to make, looked for without keeping other writers waiting.

    What is not to be sent once never is to be later, so that it need not be looked at again.
    """
    targets = still_targets(connection, row.webhook_ids)
    cursor = _cursor(row)
    events = connection.execute(_next_events(row, cursor, replays.events_per_step(len(targets)))).all()
    found = _deliveries(connection, [event.id for event in events], [target.id for target in targets])
    stop = None
    for event, target, deliveries in _pairs(row, events, targets, found):
        is_past = cursor is not None and cursor.is_past(event.id, target.id)
        if not is_past and replays.judge(target, event, deliveries, row.delivery_state, row.created_at) != "no":
            stop = event.id
            break
    passed = list(itertools.takewhile(lambda event: event.id != stop, events))
    return Cursor(passed[-1].created_at, passed[-1].id) if passed else cursor


def _advance_or_stop(connection: Connection, row: Any, start: Cursor | None, now: datetime) -> None:
    """Take the step of one replay; stop it when none can be taken, and offer again all that it was to make up for."""
    try:
        with connection.begin_nested():
            _advance(connection, row, start or _cursor(row), now)
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, the other replays go on
        _log.error("a replay cannot be read", replay_id=row.id, exc_info=error)
        reason = f"It cannot be read ({type(error).__name__}); start another for what is left."
        values = {"state": "stopped", "reason": reason, "finished_at": now}
        connection.execute(update(Replay).where(Replay.id == row.id).values(**values))
        missed.offer_rest(connection, row.made_up, None, row.since)


def _advance(connection: Connection, row: Any, start: Cursor | None, now: datetime) -> None:
    targets = still_targets(connection, row.webhook_ids)
    progress = _look(connection, row, start, targets, now)
    missed.note_skipped(connection, row, progress.skipped_since)  # before the deliveries, as everywhere
    if progress.rows:
        connection.execute(insert(Delivery), progress.rows)
    skipped = min(row.total, row.skipped + progress.skipped)
    left = row.total - skipped
    due = row.next_step_at if row.cursor else now  # that nobody was at hand when it was asked for is not made up for
    values: dict[str, Any] = {
        "cursor": str(progress.cursor) if progress.cursor else None,
        "skipped": skipped,
        "done": min(left, row.done + progress.done),
        "next_step_at": replays.next_step(due, now, len(progress.rows), row.rate),
    }
    if progress.has_ended and (not skipped or any(target.takes for target in targets)):
        values |= {"state": "finished", "finished_at": now, "done": left}
    elif progress.has_ended:
        values |= {"state": "stopped", "finished_at": now, "reason": _why_nobody_takes(connection, row)}
    connection.execute(update(Replay).where(Replay.id == row.id).values(**values))


def _why_nobody_takes(connection: Connection, row: Any) -> str:
    if row.webhook_id is None:
        return "None of its webhooks is active any more."
    query = select(Webhook.name, Webhook.deleted_at, Webhook.disabled_reason).where(Webhook.id == row.webhook_id)
    webhook = connection.execute(query).one()
    what = "deleted" if webhook.deleted_at else "disabled" if webhook.disabled_reason else "paused"
    return f"{webhook.name} was {what}."


def _look(
    connection: Connection, row: Any, start: Cursor | None, targets: Sequence[Target], now: datetime
) -> _Progress:
    """Look at the next pairs, in order, until as many as the rate allows are to be made, or the step is long enough."""
    progress = _Progress(start)
    most = replays.step_size(row.rate)
    limit = replays.events_per_step(len(targets))
    if any(target.takes for target in targets):
        limit = min(limit, 2 * most + _FEW)
    events = connection.execute(_next_events(row, progress.cursor, limit)).all()
    found = _deliveries(connection, [event.id for event in events], [target.id for target in targets])
    for event, target, deliveries in _pairs(row, events, targets, found):
        if progress.cursor and progress.cursor.is_past(event.id, target.id):
            continue
        verdict = replays.judge(target, event, deliveries, row.delivery_state, row.created_at)
        if verdict == "no":
            continue
        if verdict == "make" and not target.takes:  # paused, disabled or deleted since it was counted
            progress.skipped += 1
            progress.skipped_since.setdefault(target.id, event.created_at)
        else:
            if verdict == "make":
                if len(progress.rows) == most:
                    break
                fresh = new_delivery(event.id, event.type, target.id, now)
                resend_of = deliveries[-1].id if deliveries else None
                progress.rows.append(fresh | {"replay_id": row.id, "resend_of": resend_of})
            progress.done += 1
        progress.cursor = Cursor(event.created_at, event.id, target.id)
    else:
        progress.has_ended = len(events) < limit
        if events:
            progress.cursor = Cursor(events[-1].created_at, events[-1].id)
    progress.rows = _still_there(connection, progress.rows)
    return progress


def _next_events(row: Any, cursor: Cursor | None, limit: int) -> Any:
    since = cursor.created_at if cursor else row.since  # SQLite starts at this bound, not at the pair below
    draft = ReplayDraft(since, row.until)
    exact = None if row.event_type is None or "*" in row.event_type else [row.event_type]
    columns = (Event.id, Event.type, Event.created_at, Event.derived_from)
    query = select(*columns).where(in_range(draft, exact))
    if cursor:  # again with the cursor's own event: some of its webhooks may be left
        query = query.where(tuple_(Event.created_at, Event.id) >= _tuple(cursor))
    return query.order_by(Event.created_at, Event.id).limit(limit)


def _tuple(cursor: Cursor) -> Any:
    """Return the place of the cursor's event; SQLAlchemy does not take the types from the other side."""
    return tuple_(literal(cursor.created_at, Instant), literal(cursor.event_id))


def _deliveries(
    connection: Connection, event_ids: Sequence[str], webhook_ids: Sequence[str]
) -> dict[str, dict[str, list[Any]]]:
    """Return the deliveries of events by event and webhook, oldest first; tests are none."""
    query = select(
        Delivery.id,
        Delivery.event_id,
        Delivery.webhook_id,
        Delivery.state,
        Delivery.created_at,
        Delivery.finished_at,
    ).where(Delivery.event_id.in_(event_ids), Delivery.test.is_(False))
    found: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    wanted = set(webhook_ids)
    for delivery in connection.execute(query.order_by(Delivery.id)):
        if delivery.webhook_id in wanted:
            found[delivery.event_id][delivery.webhook_id].append(delivery)
    return found


def _pairs(
    row: Any, events: Sequence[Any], targets: Sequence[Target], found: dict[str, dict[str, list[Any]]]
) -> Iterator[tuple[PastEvent, Target, list[Any]]]:
    """Yield the pairs that may be wanted with their deliveries, by event and then by webhook."""
    with_missing = "missing" in replays.wanted_states(row.delivery_state)
    for event in events:
        if row.event_type is not None and not matching.matches([row.event_type], event.type):
            continue
        is_plain = event.derived_from is None and not is_operational(event.type)
        past = PastEvent(event.id, event.type, event.created_at, is_plain)
        deliveries = found[event.id]
        for target in targets:
            if with_missing or target.id in deliveries:
                yield past, target, deliveries.get(target.id, [])


def _still_there(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the deliveries whose events are not being deleted (retention), and keep these events until we commit."""
    if not rows:
        return rows
    event_ids = {row["event_id"] for row in rows}
    query = select(Event.id).where(Event.id.in_(event_ids)).with_for_update(read=True, key_share=True)
    kept = set(connection.scalars(query))
    return [row for row in rows if row["event_id"] in kept]
