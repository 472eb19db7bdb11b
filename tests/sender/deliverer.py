"""A worker in slow motion: claims, answers and sweeps one at a time, at moments that the test chooses."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select, update

from sender.models import Attempt, Delivery, Event, Webhook
from sender.services.deliveries import (
    Capacity,
    Claim,
    Claimed,
    Result,
    Rules,
    Settling,
    claim_due,
    is_due,
    next_due,
    record,
    release_held,
)
from sender.services.vault import Vault
from shared.database import writing_connection
from shared.exchange import Exchange, Request, Response
from shared.outcome import Outcome, of_status

LEASE = 60.0


@dataclass
class Deliverer:
    """Works on a real database at `now`, which only `wait` moves."""

    engine: Engine
    vault: Vault
    rules: Rules = field(default_factory=lambda: Rules(schedule=(5.0,) * 50))
    now: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(hours=1))
    began: dict[tuple[str, str], datetime] = field(default_factory=dict)  # each claim's attempt begins with the claim

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    def claim(self, limit: int = 100, **more: Any) -> list[Claimed]:
        """Claim what is due, as `claim_whole` does."""
        return self.claim_whole(limit, **more).taken

    def claim_whole(
        self,
        limit: int = 100,
        *,
        slow_free: int | None = None,
        ahead: int = 0,
        holding: Iterable[Claimed] = (),
        **more: Any,
    ) -> Claim:
        """Claim what is due, up to `limit`, of which `slow_free` (default: all) may be slow ones, for a worker that is
        `holding` these already and takes up to `ahead` beyond the caps; return what it is told."""
        slow_free = limit if slow_free is None else slow_free
        with writing_connection(self.engine) as connection:
            capacity = Capacity(limit, slow_free, ahead, {claimed.claim_id for claimed in holding}, **more)
            claim = claim_due(connection, self.vault, self.now, capacity, lease_seconds=LEASE)
        self.began |= {claimed.key: self.now for claimed in claim.taken}
        return claim

    def answer(self, claimed: Claimed, status: int | None = 200, *, milliseconds: float = 1.0, **headers: str) -> None:
        """Record that an attempt was answered; None: that nothing came back in time."""
        self.record((claimed, status), milliseconds=milliseconds, **headers)

    def record(
        self, *answers: tuple[Claimed, int | None], milliseconds: float = 1.0, times: int = 1, **headers: str
    ) -> None:
        """Record several answers in one transaction, as a busy worker does; more `times` if it is not told they are."""
        results = [self._result(claimed, status, headers, milliseconds) for claimed, status in answers]
        for _ in range(times):
            with writing_connection(self.engine) as connection:
                record(connection, results, self.rules, self.now)

    def _result(self, claimed: Claimed, status: int | None, headers: dict[str, str], milliseconds: float) -> Result:
        request = Request("POST", claimed.destination.url, (), b"{}")
        given = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        response = None if status is None else Response(status, given, b"", False)
        outcome = Outcome("timeout", "No answer.") if status is None else of_status(status)
        return Result.of(claimed, Exchange(request, response, outcome, self.began[claimed.key], milliseconds))

    def sweep(self) -> datetime | None:
        """Release what is held and may go, and settle what webhooks that are off are owed; return when a rest ends."""
        self.settle()
        return release_held(self.engine, self.now)[1]

    def settle(self) -> None:
        """Put aside or cancel all that webhooks which are off are owed."""
        settling = Settling(self.engine)
        while settling.step(self.now):
            pass

    def fail(self, times: int, status: int | None = 500, every: float = 0, **headers: str) -> None:
        """Have so many attempts fail, whichever are due, `every` so many seconds."""
        for _ in range(times):
            claimed = self.claim(1)
            while not claimed:
                self.wait_for_something()
                claimed = self.claim(1)
            self.answer(claimed[0], status, **headers)
            self.wait(seconds=every)

    def wait_for_something(self) -> None:
        """Let time pass until a delivery is due, or a webhook may be probed."""
        rest_ends_at = self.sweep()
        with self.engine.connect() as connection:
            if not is_due(connection, self.now):
                moments = (next_due(connection, self.now), rest_ends_at)
                self.now = min(moment for moment in moments if moment is not None)
        self.sweep()

    def webhook(self, webhook_id: str) -> Webhook:
        """A webhook's row as it stands."""
        with self.engine.connect() as connection:
            return connection.execute(select(Webhook.__table__).where(Webhook.id == webhook_id)).one()

    def set(self, webhook_id: str, **values: object) -> None:
        """Change a webhook's row."""
        with writing_connection(self.engine) as connection:
            connection.execute(update(Webhook).where(Webhook.id == webhook_id).values(**values))

    def set_delivery(self, delivery_id: str, **values: object) -> None:
        """Change a delivery's row."""
        with writing_connection(self.engine) as connection:
            connection.execute(update(Delivery).where(Delivery.id == delivery_id).values(**values))

    def deliveries(self, webhook_id: str) -> list[Delivery]:
        """The deliveries of a webhook, oldest first."""
        with self.engine.connect() as connection:
            query = select(Delivery.__table__).where(Delivery.webhook_id == webhook_id).order_by(Delivery.id)
            return list(connection.execute(query))

    def told(self, webhook_id: str, slug: str) -> list[dict[str, Any]]:
        """The payloads of the operational events of one type that a webhook is owed."""
        owed = {row.event_id for row in self.deliveries(webhook_id)}
        with self.engine.connect() as connection:
            rows = connection.execute(select(Event.id, Event.payload).where(Event.type == slug))
            return [json.loads(row.payload) for row in rows if row.id in owed]

    def attempts(self, delivery_id: str) -> list[Attempt]:
        """The attempts of a delivery in order."""
        with self.engine.connect() as connection:
            query = select(Attempt.__table__).where(Attempt.delivery_id == delivery_id).order_by(Attempt.number)
            return list(connection.execute(query))
