"""What a webhook is owed when it is paused, ends or moves: put aside, cancelled or made due, a few hundred at a time.

A webhook can be owed any number of deliveries, and one transaction for all of them would keep everybody else from
writing for seconds. So whoever switches a webhook off does the first part in the same transaction, and the workers do
the rest (`Settling`): nothing is sent meanwhile, because a claim asks whether the webhook is on.
"""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Connection, Engine, bindparam, func, select, update

from sender.models import Delivery, Event, Webhook, has_ended
from sender.services import missed
from sender.services.context import CHANGES
from sender.services.deliveries.hold import AT_ONCE, HELD, WITH_HELD
from sender.services.deliveries.lanes import webhooks_with
from shared import changes
from shared.bulk import Rows, among
from shared.database import writing_connection

_LOOK_AHEAD = 10_000  # deliveries found at once: PostgreSQL may have to sort a whole queue for the first few of it

# The state as a bound value, unlike in `HELD`: by the index of states SQLite would sort all that is pending.
_OF_WEBHOOK = Delivery.webhook_id == bindparam("webhook_id")
_IS_PENDING = Delivery.state == "pending"
_TIMED = Rows(
    select(Delivery.id)
    .where(_OF_WEBHOOK, _IS_PENDING, Delivery.next_attempt_at.is_not(None))
    .order_by(Delivery.next_attempt_at)
    .limit(bindparam("limit"))
)
_HELD = Rows(HELD)
LATER = select(Delivery.id).where(_OF_WEBHOOK, _IS_PENDING, Delivery.next_attempt_at > bindparam("now"))
_WITH_TIMED = webhooks_with("next_attempt_at IS NOT NULL")

# What was found is written only if it is still so: nobody has locked it in between.
_PUT_ASIDE = update(Delivery).where(among(Delivery.id, "ids"), _IS_PENDING).values(next_attempt_at=None)
_HASTEN = (
    update(Delivery)
    .where(among(Delivery.id, "ids"), _IS_PENDING, Delivery.next_attempt_at > bindparam("b_now"))
    .values(next_attempt_at=bindparam("b_now"))
)
_CANCEL = (
    update(Delivery)
    .where(among(Delivery.id, "ids"), _IS_PENDING)
    .values(state="cancelled", reason=bindparam("b_reason"), next_attempt_at=None, finished_at=bindparam("b_now"))
)
_OLDEST_CANCELLED = (
    select(func.min(Event.created_at))
    .join(Delivery, Delivery.event_id == Event.id)
    .where(among(Delivery.id, "ids"), Delivery.state == "cancelled", Delivery.test.is_(False))
)
_OFF = select(Webhook.id, Webhook.deleted_at, Webhook.disabled_reason).where(
    among(Webhook.id, "ids"), Webhook.active.is_(False)
)
_LOCK_OFF = _OFF.order_by(Webhook.id).with_for_update(key_share=True)


@dataclass(frozen=True, slots=True)
class Off:
    """A webhook that is off: paused, unless it was deleted or disabled."""

    id: str
    deleted_at: datetime | None
    disabled_reason: str | None

    @classmethod
    def of(cls, webhook: Any) -> Self:
        """Return what a webhook's row says about it."""
        return cls(webhook.id, webhook.deleted_at, webhook.disabled_reason)

    @property
    def has_ended(self) -> bool:
        """Whether it is owed nothing more."""
        return has_ended(self)

    @property
    def why_cancelled(self) -> str:
        """Why it gets nothing more, in words."""
        return "The webhook was deleted." if self.deleted_at is not None else "The webhook was disabled."


def settle(connection: Connection, webhook: Off, now: datetime, delivery_ids: Sequence[str] | None = None) -> None:
    """Put aside what a paused webhook is owed, cancel it when the webhook has ended; a replay can bring it later.

    That is done with these pending deliveries, by default with the first `AT_ONCE` of the webhook.
    """
    if delivery_ids is None:
        delivery_ids = _find(connection, webhook, AT_ONCE)
    if not delivery_ids:
        return
    if not webhook.has_ended:
        connection.execute(_PUT_ASIDE, {"ids": delivery_ids})
        return
    connection.execute(_CANCEL, {"ids": delivery_ids, "b_reason": webhook.why_cancelled, "b_now": now})
    oldest = connection.scalar(_OLDEST_CANCELLED, {"ids": delivery_ids})
    if oldest is not None:
        missed.note_since(connection, webhook.id, oldest)


def hasten(engine: Engine, webhook_id: str, now: datetime) -> int:
    """Make due at `now` all that waits for a later attempt at a webhook, and return how many deliveries that are."""
    count = 0
    with engine.connect() as connection:
        delivery_ids = list(connection.scalars(LATER, {"webhook_id": webhook_id, "now": now}))
    for start in range(0, len(delivery_ids), AT_ONCE):
        with writing_connection(engine) as connection:
            done = connection.execute(_HASTEN, {"ids": delivery_ids[start : start + AT_ONCE], "b_now": now})
            changes.announce(connection, CHANGES)
        count += done.rowcount
    return count


class Settling:
    """The work on all that webhooks which are off are owed, one short transaction after another."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._found: deque[tuple[str, str]] = deque()  # webhook and delivery

    def step(self, now: datetime) -> bool:
        """Settle the next few hundred deliveries; return whether there were any, so that there may be more."""
        if not self._found:
            self._look()
        some = [self._found.popleft() for _ in range(min(AT_ONCE, len(self._found)))]
        if not some:
            return False
        found = defaultdict(list)
        for webhook_id, delivery_id in some:
            found[webhook_id].append(delivery_id)
        with writing_connection(self._engine) as connection:
            for row in connection.execute(_LOCK_OFF, {"ids": list(found)}).all():
                settle(connection, Off.of(row), now, found[row.id])
            changes.announce(connection, CHANGES)
        return True

    def _look(self) -> None:
        """Find the next few thousand."""
        with self._engine.connect() as connection:
            timed, held = (set(connection.scalars(query)) for query in (_WITH_TIMED, WITH_HELD))
            rows = connection.execute(_OFF, {"ids": list(timed | held)}).all() if timed or held else []
            webhooks = [off for off in map(Off.of, rows) if off.id in timed or off.has_ended]
            random.shuffle(webhooks)  # so that none is always the one for which there is no room
            for webhook in webhooks:
                if len(self._found) >= _LOOK_AHEAD:
                    break
                delivery_ids = _find(connection, webhook, _LOOK_AHEAD - len(self._found))
                self._found += [(webhook.id, delivery_id) for delivery_id in delivery_ids]


def _find(connection: Connection, webhook: Off, limit: int) -> list[str]:
    """Return ids of pending deliveries of a webhook that are not as they are to be."""
    rows = _TIMED.all(connection, {"webhook_id": webhook.id, "limit": limit})
    if webhook.has_ended and len(rows) < limit:
        rows += _HELD.all(connection, {"webhook_id": webhook.id, "limit": limit - len(rows)})
    return [row.id for row in rows]
