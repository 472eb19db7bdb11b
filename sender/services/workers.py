"""Signs of life: how pages, and other workers, know that a delivery worker runs."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, case, delete, insert, literal, select, update

from sender.models import WorkerProcess, db
from shared.database import Instant, writing_connection

_FORGET_AFTER = timedelta(days=1)


def give_sign(engine: Engine, worker_id: str, name: str, now: datetime) -> None:
    """Write down that a worker lives; its first sign also forgets those that were not heard of for a day."""
    with writing_connection(engine) as connection:
        # Never back: should the clock be, the last sign says so until that is seen to, see `clock_steps.shift`.
        latest = case((WorkerProcess.seen_at > now, WorkerProcess.seen_at), else_=literal(now, Instant))
        seen = update(WorkerProcess).where(WorkerProcess.id == worker_id).values(seen_at=latest)
        if connection.execute(seen).rowcount == 0:
            row = {"id": worker_id, "name": name, "started_at": now, "seen_at": now}
            connection.execute(insert(WorkerProcess), [row])
            connection.execute(delete(WorkerProcess).where(WorkerProcess.seen_at < now - _FORGET_AFTER))


def take_sign_back(engine: Engine, worker_id: str) -> None:
    """Delete the sign of life of a worker that ends."""
    with writing_connection(engine) as connection:
        connection.execute(delete(WorkerProcess).where(WorkerProcess.id == worker_id))


def any_since(moment: datetime) -> bool:
    """Return whether a delivery worker has given a sign of life since then."""
    return db.session.scalar(select(WorkerProcess.id).where(WorkerProcess.seen_at >= moment).limit(1)) is not None
