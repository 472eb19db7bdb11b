"""E-mails that are owed to the operators: written down, leased to be sent by one worker, and done with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from sender.core.mails import FIRST_WAIT, wait_after
from sender.models import Mail
from shared import ids
from shared.database import writing_connection

_LEASE = timedelta(minutes=5)  # after which a mail whose sender was not heard of again is sent by another worker
_DUE = select(Mail).where(Mail.next_attempt_at <= bindparam("now")).order_by(Mail.next_attempt_at).limit(1)


def owe(connection: Connection, subject: str, text: str, now: datetime) -> None:
    """Owe the operators an e-mail, in the open writing transaction."""
    row = {"id": ids.new("eml", now), "subject": subject, "text": text, "created_at": now}
    connection.execute(insert(Mail), [row | {"next_attempt_at": now, "attempt_count": 0}])


def take(engine: Engine, now: datetime) -> Any:
    """Return a due mail, put off first, so that no other worker sends it too while this one does; None without any."""
    with engine.connect() as connection:
        if not connection.execute(_DUE, {"now": now}).first():
            return None
    with writing_connection(engine) as connection:
        if row := connection.execute(_DUE.with_for_update(skip_locked=True), {"now": now}).first():
            connection.execute(update(Mail).where(Mail.id == row.id).values(next_attempt_at=now + _LEASE))
    return row


def record(engine: Engine, row: Any, error: Exception | None, now: datetime) -> None:
    """Write down what became of a mail; a failure only if no other worker, after the lease, came to an end before."""
    fence = (Mail.attempt_count == row.attempt_count, Mail.sent_at.is_(None)) if error else ()
    count = row.attempt_count + 1
    wait = wait_after(count) if error else None
    with writing_connection(engine) as connection:
        connection.execute(
            update(Mail)
            .where(Mail.id == row.id, *fence)
            .values(
                attempt_count=count,
                error=f"{type(error).__name__}: {error}"[:500] if error else None,
                next_attempt_at=now + wait if wait else None,
                sent_at=None if error else now,
            )
        )


def put_off(engine: Engine, now: datetime) -> None:
    """Have all that is due wait as after a first failure, without counting it as one."""
    with writing_connection(engine) as connection:
        connection.execute(update(Mail).where(Mail.next_attempt_at <= now).values(next_attempt_at=now + FIRST_WAIT))
