"""What a person does with replays: ask for one, look at it, stop it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from sender.core.replays import ReplayDraft, check
from sender.models import Replay, Webhook, db
from sender.services import event_types, missed
from sender.services.context import CHANGES
from sender.services.replays import counting
from shared import changes, clock, ids, paging
from shared.database import writing
from shared.errors import FieldError, InvalidInput, NotFound
from shared.paging import Page


@dataclass(frozen=True, slots=True)
class Counted:
    """How many deliveries a replay would make of what was published before `until`, the moment of counting at most."""

    count: int
    until: datetime


def count(draft: ReplayDraft) -> Counted:
    """Return how many deliveries a replay of `draft` would make now, and until when it looked; raise InvalidInput."""
    draft = _until(draft, clock.now())
    slugs = _check(draft)
    connection = _snapshot()
    total = counting.count(connection, draft, slugs, counting.find_targets(connection, draft.webhook_id))
    return Counted(total, draft.until)


def create(draft: ReplayDraft) -> Replay:
    """Start a replay and return it; workers make its deliveries. Raise InvalidInput, also for a webhook not active.

    What a webhook missed is not offered any more when this makes up for all of it.
    """
    now = clock.now()
    asked, draft = draft, _until(draft, now)
    slugs = _check(draft)
    if draft.webhook_id is not None:
        webhook = db.session.get(Webhook, draft.webhook_id)
        if webhook is not None and not webhook.active:
            message = f"{webhook.name} is {webhook.state}; activate it first."
            raise InvalidInput.of(FieldError("webhook_id", message))
    connection = _snapshot()
    targets = counting.find_targets(connection, draft.webhook_id)
    total = counting.count(connection, draft, slugs, targets)  # before the transaction that writes: it may take long
    replay = Replay(
        id=ids.new("rpl", now),
        state="running" if total else "finished",
        webhook_id=draft.webhook_id,
        event_type=draft.event_type,
        delivery_state=draft.state,
        since=draft.since,
        until=draft.until,
        rate=draft.rate,
        total=total,
        done=0,
        skipped=0,
        webhook_ids=[target.id for target in targets],
        created_at=now,
        next_step_at=now,
        finished_at=None if total else now,
    )
    with writing(db.session) as session:
        session.add(replay)
        replay.made_up = missed.settle(session, asked, replay.webhook_ids, now)
        changes.announce(session, CHANGES)
    return get(replay.id)


def get(replay_id: str) -> Replay:
    """Return a replay as it stands; raise NotFound."""
    replay = db.session.scalar(select(Replay).where(Replay.id == replay_id).execution_options(populate_existing=True))
    if replay is None:
        raise NotFound(f"There is no replay {replay_id}.")
    return replay


def list_replays(limit: int, cursor: str | None) -> Page[Replay]:
    """Return replays, newest first."""
    return paging.newest_first(db.session, select(Replay), Replay, limit, cursor)


def stop(replay_id: str) -> Replay:
    """End a replay at once and return it; what it has made stays. One that has ended stays as it is.

    What a webhook missed is offered again from where the replay had come to.
    """
    with writing(db.session) as session:
        replay = session.scalar(
            select(Replay).where(Replay.id == replay_id).with_for_update().execution_options(populate_existing=True)
        )
        if replay is not None and replay.state == "running":
            replay.state = "stopped"
            replay.reason = "It was stopped by hand."
            replay.finished_at = clock.now()
            missed.offer_rest(session.connection(), replay.made_up, replay.cursor, replay.since)
            changes.announce(session, CHANGES)
    return get(replay_id)


def webhooks_of(rows: Sequence[Replay]) -> dict[str, Webhook]:
    """Return the webhooks that replays name, by id, deleted ones too."""
    query = select(Webhook).where(Webhook.id.in_({row.webhook_id for row in rows if row.webhook_id}))
    return {webhook.id: webhook for webhook in db.session.scalars(query)}


def _check(draft: ReplayDraft) -> list[str]:
    """Return all event types, retired ones too; raise InvalidInput."""
    slugs = [kind.slug for kind in event_types.all_types(retired=True)]
    faults = list(check(draft, slugs))
    if draft.webhook_id is not None:
        webhook = db.session.get(Webhook, draft.webhook_id)
        if webhook is None or webhook.deleted_at is not None:
            faults.append(FieldError("webhook_id", f"There is no webhook {draft.webhook_id}."))
    if faults:
        raise InvalidInput.of(*faults)
    return slugs


def _snapshot() -> Connection:
    """Return a connection that sees the database as it is now, whatever is written meanwhile; nobody waits for it."""
    db.session.rollback()
    options = {"isolation_level": "REPEATABLE READ"} if db.engine.dialect.name == "postgresql" else {}
    return db.session.connection(execution_options=options)  # SQLite: each transaction sees one state


def _until(draft: ReplayDraft, now: datetime) -> ReplayDraft:
    """Return `draft` without what comes after `now`: what is yet to be published is delivered anyhow."""
    return replace(draft, until=min(draft.until, now))
