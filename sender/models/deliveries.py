"""Events and what they owe. `deliveries` is the outbox, the queue and the log at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sender.models.base import Base
from sender.models.webhooks import Webhook

OWED_STATES = ("pending", "sending")
FINISHED_STATES = ("succeeded", "failed", "cancelled")
DELIVERY_STATES = (*OWED_STATES, *FINISHED_STATES)
_GAVE_UP = "state = 'failed' OR state = 'cancelled'"  # with IN, SQLite would not see that `failed` is one of them
_UNSUCCEEDED = f"state = 'pending' OR state = 'sending' OR {_GAVE_UP}"


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

    __table_args__ = (
        Index("ix_events_created_at", "created_at", "id"),
        Index("ix_events_type", "type", "created_at"),
        # The few that are never missed: taken off from what the index of types counts, see services.replays.counting.
        Index(
            "ix_events_odd",
            "type",
            "created_at",
            sqlite_where=text("test = 1 OR derived_from IS NOT NULL"),
            postgresql_where=text("test OR derived_from IS NOT NULL"),
        ),
    )


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
    # Null when nobody is to claim it: finished, or held because its webhook is off or rests.
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
            "state",  # always the same, but without it SQLite prefers the index of states
            "webhook_id",
            "id",
            sqlite_where=text("state = 'pending' AND next_attempt_at IS NULL"),
            postgresql_where=text("state = 'pending' AND next_attempt_at IS NULL"),
        ),
        Index("ix_deliveries_webhook", "webhook_id", "id"),
        Index(
            "ix_deliveries_replay",
            "replay_id",
            "id",
            sqlite_where=text("replay_id IS NOT NULL"),
            postgresql_where=text("replay_id IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_replay_state",
            "replay_id",
            "state",
            "id",
            sqlite_where=text("replay_id IS NOT NULL"),
            postgresql_where=text("replay_id IS NOT NULL"),
        ),
        Index("ix_deliveries_test", "test", "id", sqlite_where=text("test = 1"), postgresql_where=text("test")),
        Index("ix_deliveries_event", "event_id"),
        # Nearly all succeed: without them the index is small, and a success takes an entry out instead of moving it.
        Index(
            "ix_deliveries_state", "state", "id", sqlite_where=text(_UNSUCCEEDED), postgresql_where=text(_UNSUCCEEDED)
        ),
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
