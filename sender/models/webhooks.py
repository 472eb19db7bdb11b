"""Registered destinations, with their limits and their health."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from sender.core.health import PROBING
from sender.models.base import Base
from shared import clock


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
    encrypted_headers: Mapped[str | None] = mapped_column(Text)  # JSON of its own headers by name; null: it has none
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
    last_duration_ms: Mapped[int | None]  # of the last attempt; a webhook that takes long shares threads with others
    # Health, see core.health: the row of failures that has not ended, and what it led to.
    failure_count: Mapped[int] = mapped_column(default=0, server_default="0")
    failing_since: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    trip_count: Mapped[int] = mapped_column(default=0, server_default="0")
    blocked_until: Mapped[datetime | None]  # nothing is sent before; then one delivery probes
    blocked_reason: Mapped[str | None] = mapped_column(String(20))  # `breaker`, `retry_after` or `probing`
    asked_at: Mapped[datetime | None]  # when its endpoint last asked to be left alone (Retry-After), and until when
    asked_until: Mapped[datetime | None]
    told_at: Mapped[datetime | None]  # when people were told that it is failing, until they are that it recovered
    # Since when it has missed events, disabled or paused amid a replay; kept until that is replayed, also when active.
    missed_since: Mapped[datetime | None]

    # What its endpoint granted when it was asked: to which host name, and how many requests a minute; null: any number.
    permitted_at: Mapped[datetime | None]
    permitted_origin: Mapped[str | None] = mapped_column(String(255))
    permitted_rate: Mapped[int | None]

    @property
    def state(self) -> str:
        """`active`, `paused` (by a person) or `disabled` (by Hookloop, see `disabled_reason`)."""
        if self.active:
            return "active"
        return "disabled" if self.disabled_reason else "paused"

    @property
    def condition(self) -> str:
        """`resting` (nothing is sent for a while), `probing`, `failing` (the last attempt failed) or `well`.

        One that is off neither rests nor probes: to switch it on ends its rest.
        `probing` when the rest is over: one delivery, under way or the next to come, is to show whether all is well.
        """
        if self.active and self.blocked_until is not None:
            is_over = self.blocked_reason == PROBING or self.blocked_until <= clock.now()
            return "probing" if is_over else "resting"
        return "failing" if self.failure_count else "well"

    @property
    def takes_deliveries(self) -> bool:
        """Whether any may be sent to it now: it is active and does not rest."""
        return self.active and (self.blocked_until is None or self.blocked_until <= clock.now())


def has_ended(webhook: Any) -> bool:
    """Return whether a webhook, or a row that says as much about it, is owed nothing more: deleted or disabled."""
    return webhook.deleted_at is not None or webhook.disabled_reason is not None
