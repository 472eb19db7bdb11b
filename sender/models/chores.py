"""What workers do beside delivering: replays, mails, and their own signs of life."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from sender.models.base import Base

WORKER_SILENT_AFTER = timedelta(seconds=35)  # three signs of life missed: nobody delivers
REPLAY_STATES = ("running", "stopped", "finished")


class Replay(Base):
    """Old events sent again, asked for by a person: which ones, how fast, and how far it has come."""

    __tablename__ = "replays"
    __table_args__ = (
        CheckConstraint(f"state IN {REPLAY_STATES}", name="state"),
        Index(
            "ix_replays_running",
            "id",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    webhook_id: Mapped[str | None] = mapped_column(ForeignKey("webhooks.id"))
    event_type: Mapped[str | None] = mapped_column(String(100))
    # Of the deliveries to repeat; `missing`: none was made.
    delivery_state: Mapped[str | None] = mapped_column(String(12))
    since: Mapped[datetime]
    until: Mapped[datetime]
    rate: Mapped[int]  # deliveries made per second, over all webhooks
    total: Mapped[int]  # counted when it was asked for
    done: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0, server_default="0")  # still wanted, but the webhook took nothing
    reason: Mapped[str | None] = mapped_column(Text)  # why it was stopped
    # The webhooks that it was counted for: no other gets anything. Deferred, because there may be thousands.
    webhook_ids: Mapped[list[str]] = mapped_column(default=list, server_default="[]", deferred=True)
    # Those of them whose offer of what they missed it took up: they are offered the rest when it is stopped.
    made_up: Mapped[list[str]] = mapped_column(default=list, server_default="[]", deferred=True)
    cursor: Mapped[str | None] = mapped_column(Text)  # the last pair that was looked at, see core.replays.Cursor
    created_at: Mapped[datetime]
    next_step_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Mail(Base):
    """An e-mail that is owed to the operators; written in the transaction that it tells of."""

    __tablename__ = "mails"
    __table_args__ = (
        Index(
            "ix_mails_due",
            "next_attempt_at",
            sqlite_where=text("next_attempt_at IS NOT NULL"),
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime | None]  # null once it is sent or given up
    attempt_count: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)


class WorkerProcess(Base):
    """A delivery worker that is running or was: how pages know whether anybody delivers."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))  # host and process id
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
