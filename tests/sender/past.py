"""Rows from the past: events and deliveries as they would stand after days of work, written at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert, select

from sender.models import Attempt, Delivery, Event
from sender.services import events
from shared import ids
from shared.database import writing_connection

EVENT_COLUMNS = [column.name for column in Event.__table__.columns]


@dataclass
class Past:
    """Writes on a real database; moments are given as days before now."""

    engine: Engine
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def ago(self, days: float) -> datetime:
        """The moment so many days before now."""
        return self.now - timedelta(days=days)

    def event(self, days: float, kind: str = "payment_received", *, test: bool = False, **values: Any) -> str:
        """An event that happened so many days ago."""
        at = self.ago(days)
        event = events.make(kind, "{}", at, test=test)
        row = {name: getattr(event, name) for name in EVENT_COLUMNS} | values
        with writing_connection(self.engine) as connection:
            connection.execute(insert(Event), [row])
        return str(row["id"])

    def delivery(
        self, event_id: str, webhook_id: str, state: str, days: float, attempts: int = 1, **values: Any
    ) -> str:
        """A delivery made so many days ago; a finished one ended a second later."""
        at = self.ago(days)
        is_finished = state not in ("pending", "sending")
        row = {
            "id": ids.new("dlv", at),
            "event_id": event_id,
            "webhook_id": webhook_id,
            "event_type": "payment_received",
            "state": state,
            "test": False,
            "created_at": at,
            "finished_at": at + timedelta(seconds=1) if is_finished else None,
            "next_attempt_at": at if state == "sending" else None,
            "claim_id": "a claim" if state == "sending" else None,
            "attempt_count": attempts,
        }
        row |= values
        with writing_connection(self.engine) as connection:
            connection.execute(insert(Delivery), [row])
            if attempts:
                connection.execute(insert(Attempt), list(_attempts(row["id"], at, attempts)))
        return str(row["id"])

    def ids(self, model: Any) -> set[str]:
        """The ids of all rows of a table."""
        with self.engine.connect() as connection:
            return set(connection.scalars(select(model.id)))


def _attempts(delivery_id: str, at: datetime, count: int) -> Iterable[dict[str, Any]]:
    for number in itertools.islice(itertools.count(1), count):
        yield {
            "id": ids.new("att", at),
            "delivery_id": delivery_id,
            "number": number,
            "started_at": at,
            "duration_ms": 5,
            "outcome": "succeeded",
            "detail": "Delivered.",
            "method": "POST",
            "url": "https://example.com/",
            "request_headers": [],
            "request_body": b"{}",
        }
