"""What a webhook missed while it was disabled: from which moment on, kept until it is replayed or dismissed.

Only the moment is kept. What there is to replay since then is counted like any replay, so that nothing is said to be
missed that has arrived meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from sender.core.replays import Cursor, ReplayDraft
from sender.models import Delivery, Event, Replay, Webhook, db
from sender.services import queries
from sender.services.context import CHANGES
from shared import changes
from shared.database import writing

# Values as literals: a partial index is used only for those that stand in the statement.
_DUE = Delivery.next_attempt_at.is_not(None)
_HELD = and_(Delivery.state == literal_column("'pending'"), Delivery.next_attempt_at.is_(None))
_GAVE_UP = or_(*(Delivery.state == literal_column(f"'{state}'") for state in ("failed", "cancelled")))
_RUNNING = and_(
    Replay.state == literal_column("'running'"), Replay.delivery_state.is_(None), Replay.event_type.is_(None)
)


def note(connection: Connection, webhook_id: str, failing_since: datetime, now: datetime) -> None:
    """Note since when a webhook that is disabled at `now` has missed events, before what it is owed is cancelled.

    That is the oldest event which it is owed, or which failed or was cancelled since `failing_since`; or how far a
    replay to it had come; or what was noted before and not yet replayed.
    """
    oldest = select(func.min(Event.created_at)).join(Delivery, Delivery.event_id == Event.id)
    oldest = oldest.where(Delivery.webhook_id == webhook_id, Delivery.test.is_(False))
    gave_up = and_(_GAVE_UP, Delivery.finished_at >= failing_since)
    moments = [connection.scalar(oldest.where(condition)) for condition in (_DUE, _HELD, gave_up)]
    moments.append(connection.scalar(select(Webhook.missed_since).where(Webhook.id == webhook_id)))
    running = connection.execute(select(Replay.since, Replay.cursor, Replay.webhook_ids).where(_RUNNING))
    moments += [
        Cursor.read(row.cursor).created_at if row.cursor else row.since
        for row in running
        if webhook_id in row.webhook_ids
    ]
    since = min((moment for moment in moments if moment is not None), default=now)
    connection.execute(update(Webhook).where(Webhook.id == webhook_id).values(missed_since=since))


def settle(session: Session, draft: ReplayDraft, webhook_ids: Sequence[str], now: datetime) -> None:
    """Forget what a replay of `draft` to `webhook_ids`, started at `now`, makes up for.

    It must leave out nothing that was missed, also by a webhook that was activated while it was counted. One that ends
    when it was counted, before `now`, leaves out nothing of a webhook that nobody has touched since: it was active then
    and is now, so that what came after is delivered anyhow.
    """
    if draft.state is not None or draft.event_type is not None:
        return
    made_up = select(Webhook).where(
        Webhook.missed_since >= draft.since, Webhook.active.is_(True), Webhook.id.in_(webhook_ids)
    )
    if draft.until < now:
        made_up = made_up.where(Webhook.updated_at <= draft.until)
    # Locked in the order of their ids, as everywhere.
    for webhook in session.scalars(made_up.order_by(Webhook.id).with_for_update(key_share=True)):
        webhook.missed_since = None


def dismiss(webhook_id: str) -> None:
    """Forget what a webhook missed: it is not to be offered any more. Raise NotFound."""
    queries.get_webhook(webhook_id)
    with writing(db.session) as session:
        session.execute(update(Webhook).where(Webhook.id == webhook_id).values(missed_since=None))
        changes.announce(session, CHANGES)
