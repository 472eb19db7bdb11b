"""What a webhook missed while it was disabled, or paused amid a replay: from which moment on, kept until it is
replayed or dismissed.

Only the moment is kept. What there is to replay since then is counted like any replay, so that nothing is said to be
missed that has arrived meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from sender.core.replays import Cursor, ReplayDraft
from sender.models import Delivery, Event, Replay, Webhook, db
from sender.services import queries
from sender.services.context import CHANGES
from shared import changes, clock
from shared.database import writing

# Values as literals: a partial index is used only for those that stand in the statement.
_GAVE_UP = or_(*(Delivery.state == literal_column(f"'{state}'") for state in ("failed", "cancelled")))
_RUNNING = and_(
    Replay.state == literal_column("'running'"), Replay.delivery_state.is_(None), Replay.event_type.is_(None)
)


def note(connection: Connection, webhook_id: str, failing_since: datetime, now: datetime) -> None:
    """Note that a webhook that is disabled at `now` has missed what was published from then on.

    And what failed or was cancelled since `failing_since`, and what a replay to it has not come to. What it is still
    owed is noted when that is cancelled.
    """
    oldest = select(func.min(Event.created_at)).join(Delivery, Delivery.event_id == Event.id)
    gave_up = oldest.where(
        Delivery.webhook_id == webhook_id, Delivery.test.is_(False), _GAVE_UP, Delivery.finished_at >= failing_since
    )
    running = connection.execute(select(Replay.since, Replay.cursor, Replay.webhook_ids).where(_RUNNING))
    moments = [
        Cursor.read(row.cursor).created_at if row.cursor else row.since
        for row in running
        if webhook_id in row.webhook_ids
    ]
    note_since(connection, webhook_id, min([*moments, connection.scalar(gave_up) or now, now]))


def note_since(connection: Connection, webhook_id: str, moment: datetime, *conditions: ColumnElement[bool]) -> None:
    """Note that a webhook, if it meets `conditions`, has missed an event of this `moment`, if none older."""
    later = or_(Webhook.missed_since.is_(None), Webhook.missed_since > moment)
    missed = update(Webhook).where(Webhook.id == webhook_id, Webhook.deleted_at.is_(None), later, *conditions)
    connection.execute(missed.values(missed_since=moment))


def settle(session: Session, draft: ReplayDraft, webhook_ids: Sequence[str], now: datetime) -> list[str]:
    """Forget what a replay of `draft` to `webhook_ids`, started at `now`, makes up for; return for which of them.

    It must leave out nothing that was missed, also by a webhook that was activated while it was counted. One that ends
    when it was counted, before `now`, leaves out nothing of a webhook that nobody has touched since: it was active then
    and is now, so that what came after is delivered anyhow.
    """
    if draft.state is not None or draft.event_type is not None:
        return []
    made_up = select(Webhook).where(
        Webhook.missed_since >= draft.since, Webhook.active.is_(True), Webhook.id.in_(webhook_ids)
    )
    if draft.until < now:
        made_up = made_up.where(Webhook.updated_at <= draft.until)
    # Locked in the order of their ids, as everywhere.
    found = session.scalars(made_up.order_by(Webhook.id).with_for_update(key_share=True)).all()
    for webhook in found:
        webhook.missed_since = None
    return [webhook.id for webhook in found]


def offer_rest(connection: Connection, made_up: Sequence[str], cursor: str | None, since: datetime) -> None:
    """Offer again what a replay that is stopped has not come to, to those whose offer it took up."""
    for webhook_id in sorted(made_up):
        note_since(connection, webhook_id, Cursor.read(cursor).created_at if cursor else since)


def note_skipped(connection: Connection, replay: Any, since: Mapping[str, datetime]) -> None:
    """Note from when on a replay (its row) has skipped events of webhooks, by id, because they were paused.

    Only of a replay of all that did not arrive: what is offered is that. One that was disabled has missed them already.
    """
    if replay.delivery_state is None and replay.event_type is None:
        for webhook_id in sorted(since):
            note_since(connection, webhook_id, since[webhook_id], Webhook.disabled_reason.is_(None))


def dismiss(webhook_id: str) -> None:
    """Forget what a webhook missed up to now: it is not to be offered any more. Raise NotFound.

    One that is disabled misses what is published from now on.
    """
    queries.get_webhook(webhook_id)
    with writing(db.session) as session:
        (webhook,) = queries.lock_webhooks(session, [webhook_id])
        webhook.missed_since = None if webhook.disabled_reason is None else clock.now()
        changes.announce(session, CHANGES)
