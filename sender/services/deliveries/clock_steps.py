"""What a clock that was set back would strand: moments written by the old clock, which the new one has still to reach.

Each statement says what holds from now on, so that several workers that notice the same step do no harm.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, literal_column, update

from sender.models import Delivery, Webhook

_MISSED: tuple[BindParameter[Any], BindParameter[Any]] = (bindparam("b_now"), bindparam("b_was"))
# As literals, as elsewhere: SQLite then sees which partial index holds them all.
_STILL_DUE = (
    update(Delivery)
    .where(Delivery.state == literal_column("'pending'"), Delivery.next_attempt_at.between(*_MISSED))
    .values(next_attempt_at=bindparam("b_now"))
)
# No claim made by the new clock lasts longer than a lease from now.
_LEASES = (
    update(Delivery)
    .where(Delivery.state == literal_column("'sending'"), Delivery.next_attempt_at > bindparam("b_until"))
    .values(next_attempt_at=bindparam("b_until"))
)
_RESTED = update(Webhook).where(Webhook.blocked_until.between(*_MISSED)).values(blocked_until=bindparam("b_now"))
# Costs a burst at most; kept, it would hold a webhook with a rate limit for as long as the step was.
_PACED = update(Webhook).where(Webhook.paced_until > bindparam("b_now")).values(paced_until=bindparam("b_now"))


def keep_due(connection: Connection, was: datetime, now: datetime, lease_seconds: float) -> None:
    """Have all be due at `now` that was due at `was`, when the clock was set back from `was` to `now`.

    Leases end no later than `lease_seconds` from now, rests that were over are over. What was not due yet, later
    retries and rests under way, waits longer by the step.
    """
    # Webhooks before deliveries, as everywhere: two transactions that lock in one order never deadlock.
    given = {"b_now": now, "b_was": was}
    connection.execute(_RESTED, given)
    connection.execute(_PACED, {"b_now": now})
    connection.execute(_STILL_DUE, given)
    connection.execute(_LEASES, {"b_until": now + timedelta(seconds=lease_seconds)})
