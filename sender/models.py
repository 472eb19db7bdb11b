"""The sender's tables. `deliveries` is the outbox, the queue and the log at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry, relationship

from shared.database import Instant, named_metadata

DELIVERY_STATES = ("pending", "sending", "succeeded", "failed", "cancelled")
_GAVE_UP = "state = 'failed' OR state = 'cancelled'"  # with IN, SQLite would not see that `failed` is one of them


class Base(DeclarativeBase):
    """Base of the sender's tables."""

    registry = registry(
        metadata=named_metadata(),
        type_annotation_map={datetime: Instant, dict[str, Any]: JSON, list[str]: JSON, list[list[str]]: JSON},
    )


db = SQLAlchemy(model_class=Base)


class CustomEventType(Base):
    """An event type that an operator added; the built-in ones are data in `sender.catalogue`."""

    __tablename__ = "event_types"

    slug: Mapped[str] = mapped_column(String(100), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    example: Mapped[str] = mapped_column(Text)  # JSON text, so that numbers keep their spelling
    schema: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class RetiredEventType(Base):
    """The mark that an event type, built-in or custom, is no longer offered or published."""

    __tablename__ = "retired_event_types"

    slug: Mapped[str] = mapped_column(String(100), primary_key=True)
    retired_at: Mapped[datetime]


class Webhook(Base):
    """A registered destination."""

    __tablename__ = "webhooks"
    __table_args__ = (Index("ix_webhooks_live", "id", postgresql_where=text("deleted_at IS NULL")),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(String(2048))
    event_types: Mapped[list[str]]
    active: Mapped[bool]
    disabled_reason: Mapped[str | None] = mapped_column(Text)  # set when Hookloop, not a person, switched it off
    integration: Mapped[str] = mapped_column(String(100))
    body_format: Mapped[str] = mapped_column(String(20))
    signature: Mapped[dict[str, Any]]
    headers: Mapped[dict[str, Any]]
    encrypted_secret: Mapped[str] = mapped_column(Text)
    # Secrets before the present one that still sign, newest first: [encrypted secret, RFC 3339 time of its end].
    old_secrets: Mapped[list[list[str]]] = mapped_column(default=list, server_default="[]")
    max_in_flight: Mapped[int] = mapped_column(default=10, server_default="10")
    rate_limit: Mapped[int | None]  # requests per `rate_period`; null: no limit
    rate_period: Mapped[str] = mapped_column(String(10), default="second", server_default="second")
    paced_until: Mapped[datetime | None]  # the rate limiter's memory: when its next request would be in time (GCRA)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]  # kept as a row, so that its deliveries keep their history
    succeeded_count: Mapped[int] = mapped_column(default=0)
    failed_count: Mapped[int] = mapped_column(default=0)
    last_attempt_at: Mapped[datetime | None]
    last_outcome: Mapped[str | None] = mapped_column(String(20))
    last_status: Mapped[int | None]
    # Health, see core.health: the row of failures that has not ended, and what it led to.
    failure_count: Mapped[int] = mapped_column(default=0, server_default="0")
    failing_since: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    trip_count: Mapped[int] = mapped_column(default=0, server_default="0")
    blocked_until: Mapped[datetime | None]  # nothing is sent before; then one delivery probes
    blocked_reason: Mapped[str | None] = mapped_column(String(20))  # `breaker` or `retry_after`

    @property
    def state(self) -> str:
        """`active`, `paused` (by a person) or `disabled` (by Hookloop, see `disabled_reason`)."""
        if self.active:
            return "active"
        return "disabled" if self.disabled_reason else "paused"

    @property
    def condition(self) -> str:
        """`resting` (nothing is sent for a while), `failing` (the last attempt failed) or `well`."""
        if self.blocked_until is not None:
            return "resting"
        return "failing" if self.failure_count else "well"


class Event(Base):
    """One occurrence of an event type with its payload; never changed."""

    __tablename__ = "events"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    type: Mapped[str] = mapped_column(String(100))
    payload: Mapped[str] = mapped_column(Text)  # JSON text, exactly what deliveries carry
    test: Mapped[bool]
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str | None] = mapped_column(String(255), unique=True)
    digest: Mapped[str] = mapped_column(String(64))  # of type and payload: the same key with other content is refused
    derived_from: Mapped[str | None] = mapped_column(String(64))  # the event whose payload a person edited and sent on
    deliveries: Mapped[list[Delivery]] = relationship(back_populates="event", order_by="Delivery.id")

    __table_args__ = (Index("ix_events_created_at", "created_at", "id"), Index("ix_events_type", "type", "created_at"))


class Delivery(Base):
    """The duty to bring one event to one webhook."""

    __tablename__ = "deliveries"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"))
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id"))
    event_type: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(Text)
    test: Mapped[bool]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    # When the delivery is next to be claimed: the retry's time, or while `sending` the end of the lease.
    # Null when nothing is owed: finished, or held because its webhook is paused or blocked.
    next_attempt_at: Mapped[datetime | None]
    claim_id: Mapped[str | None] = mapped_column(String(32))
    attempt_count: Mapped[int] = mapped_column(default=0)
    resend_of: Mapped[str | None] = mapped_column(String(32))
    replay_id: Mapped[str | None] = mapped_column(String(32))
    event: Mapped[Event] = relationship(back_populates="deliveries")
    webhook: Mapped[Webhook] = relationship()
    attempts: Mapped[list[Attempt]] = relationship(back_populates="delivery", order_by="Attempt.number")

    __table_args__ = (
        CheckConstraint(f"state IN {DELIVERY_STATES}", name="state"),
        CheckConstraint(
            "state IN ('pending', 'sending') OR (next_attempt_at IS NULL AND claim_id IS NULL)",
            name="finished_is_still",
        ),
        CheckConstraint("state != 'sending' OR (next_attempt_at IS NOT NULL AND claim_id IS NOT NULL)", name="leased"),
        Index(
            "ix_deliveries_due",
            "next_attempt_at",
            sqlite_where=text("next_attempt_at IS NOT NULL"),
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_lane",
            "webhook_id",
            "next_attempt_at",
            sqlite_where=text("next_attempt_at IS NOT NULL"),
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_held",
            "webhook_id",
            "id",
            sqlite_where=text("state = 'pending' AND next_attempt_at IS NULL"),
            postgresql_where=text("state = 'pending' AND next_attempt_at IS NULL"),
        ),
        Index(
            "ix_deliveries_sending",
            "webhook_id",
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        Index("ix_deliveries_webhook", "webhook_id", "id"),
        Index(
            "ix_deliveries_replay",
            "replay_id",
            sqlite_where=text("replay_id IS NOT NULL"),
            postgresql_where=text("replay_id IS NOT NULL"),
        ),
        Index("ix_deliveries_event", "event_id"),
        Index("ix_deliveries_state", "state", "id"),
        Index("ix_deliveries_event_type", "event_type", "id"),
        Index("ix_deliveries_webhook_event_type", "webhook_id", "event_type", "id"),
        # For lists of what went wrong, see services.listing: they cost a delivery that succeeds nothing.
        Index(
            "ix_deliveries_webhook_gave_up",
            "webhook_id",
            "state",
            "id",
            sqlite_where=text(_GAVE_UP),
            postgresql_where=text(_GAVE_UP),
        ),
        Index(
            "ix_deliveries_event_type_gave_up",
            "event_type",
            "state",
            "id",
            sqlite_where=text(_GAVE_UP),
            postgresql_where=text(_GAVE_UP),
        ),
    )


class Attempt(Base):
    """One HTTP exchange made for a delivery: what was sent, what came back, how long it took."""

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("delivery_id", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("deliveries.id"))
    number: Mapped[int]
    started_at: Mapped[datetime]
    duration_ms: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(String(10))
    url: Mapped[str] = mapped_column(Text)
    request_headers: Mapped[list[list[str]]] = mapped_column(JSON)
    request_body: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    response_headers: Mapped[list[list[str]] | None] = mapped_column(JSON)
    response_body: Mapped[bytes | None] = mapped_column(LargeBinary)
    response_truncated: Mapped[bool] = mapped_column(default=False)
    delivery: Mapped[Delivery] = relationship(back_populates="attempts")


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
    delivery_state: Mapped[str | None] = mapped_column(
        String(12)
    )  # of the deliveries to repeat; `missing`: none was made
    since: Mapped[datetime]
    until: Mapped[datetime]
    rate: Mapped[int]  # deliveries made per second, over all webhooks
    total: Mapped[int]  # counted when it was asked for
    done: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[str | None] = mapped_column(Text)  # the last row that was looked at
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
