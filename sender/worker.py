"""The delivery loop: one thread does all the writing, many make attempts, and a crash leaves only leases behind."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from datetime import datetime

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from sender import transport
from sender.core import payload
from sender.services.context import CHANGES, Context
from sender.services.deliveries import Claimed, Result, claim_due, next_due, record, release
from shared import changes, clock
from shared.changes import ChangeWatcher
from shared.database import writing_connection
from shared.exchange import Exchange, Request
from shared.outcome import Outcome

_log = structlog.get_logger("sender.worker")

_LONGEST_WAIT = 5.0  # seconds: a safety net, should a wake-up ever be missed
_ERROR_PAUSE = 1.0  # seconds before the database is tried again


class Worker:
    """Claims what is due, sends it on `worker_threads` threads and records what came of it."""

    def __init__(self, engine: Engine, context: Context) -> None:
        self._engine = engine
        self._context = context
        self._jobs: queue.SimpleQueue[Claimed | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._under_way: dict[str, Claimed] = {}
        self._unrecorded: list[Result] = []
        self._next_due: datetime | None = None

    def stop(self) -> None:
        """Ask the loop to end: no more claims, what is under way is finished first."""
        self._stopping.set()
        self._wake.set()

    def run(self, grace_seconds: float) -> None:
        """Deliver until stopped, then give attempts under way `grace_seconds` to end."""
        watcher = ChangeWatcher(self._engine, CHANGES, self._wake.set)
        watcher.start()
        threads = self._context.settings.worker_threads
        for number in range(threads):
            threading.Thread(target=self._send_jobs, name=f"send-{number}", daemon=True).start()
        _log.info("worker ready", threads=threads)
        try:
            while not self._stopping.is_set():
                self._turn()
            self._finish(clock.monotonic() + grace_seconds)
        finally:
            watcher.stop()
        _log.info("worker stopped")

    def _turn(self) -> None:
        """Record what has ended, claim what is due, or wait until there is either."""
        self._wake.clear()
        try:
            claimed = self._record_and_claim()
        except SQLAlchemyError as error:
            _log.error("the database failed; trying again", error=type(error).__name__)
            self._stopping.wait(_ERROR_PAUSE)
            return
        for claim in claimed:
            self._jobs.put(claim)
        if not claimed and self._results.empty():
            self._wake.wait(self._pause())

    def _record_and_claim(self) -> list[Claimed]:
        self._drain()
        now = clock.now()
        free = self._context.settings.worker_threads - len(self._under_way) + len(self._unrecorded)
        with self._engine.connect() as connection:
            is_due, self._next_due = next_due(connection, now)
        if not self._unrecorded and not (is_due and free):
            return []
        settings = self._context.settings
        with writing_connection(self._engine) as connection:
            record(connection, self._unrecorded, settings.retry_schedule, now)
            claimed = claim_due(
                connection,
                self._context.vault,
                now,
                limit=free,
                lease_seconds=settings.lease_seconds,
                webhook_cap=settings.webhook_in_flight,
                in_flight=self._in_flight(),
            )
            if self._unrecorded or claimed:
                changes.announce(connection, CHANGES)
        for result in self._unrecorded:
            self._under_way.pop(result.claimed.delivery_id, None)
        self._unrecorded.clear()
        self._under_way.update({claim.delivery_id: claim for claim in claimed})
        return claimed

    def _in_flight(self) -> Counter[str]:
        done = {result.claimed.delivery_id for result in self._unrecorded}
        return Counter(claim.webhook_id for key, claim in self._under_way.items() if key not in done)

    def _pause(self) -> float:
        if self._next_due is None:
            return _LONGEST_WAIT
        return min(_LONGEST_WAIT, max(0.0, (self._next_due - clock.now()).total_seconds()))

    def _drain(self) -> None:
        while True:
            try:
                self._unrecorded.append(self._results.get_nowait())
            except queue.Empty:
                return

    def _finish(self, deadline: float) -> None:
        """Record attempts as they end until `deadline`, then give the rest back so that another makes them at once."""
        while len(self._unrecorded) < len(self._under_way) and clock.monotonic() < deadline:
            self._wake.clear()
            self._drain()
            if len(self._unrecorded) < len(self._under_way):
                self._wake.wait(min(0.5, max(0.0, deadline - clock.monotonic())))
        self._drain()
        done = {result.claimed.delivery_id for result in self._unrecorded}
        with writing_connection(self._engine) as connection:
            now = clock.now()
            record(connection, self._unrecorded, self._context.settings.retry_schedule, now)
            release(connection, [claim for key, claim in self._under_way.items() if key not in done], now)

    def _send_jobs(self) -> None:
        while (claim := self._jobs.get()) is not None:
            self._results.put(Result(claim, self._attempt(claim)))
            self._wake.set()

    def _attempt(self, claim: Claimed) -> Exchange:
        started_at = clock.now()
        try:
            exchange = transport.send(self._context.door, payload.prepare(claim.message, claim.destination, started_at))
        except Exception as error:  # noqa: BLE001  # one broken delivery must not stop the others
            _log.exception("an attempt could not be prepared", delivery_id=claim.delivery_id)
            request = Request("POST", claim.destination.url, (), b"")
            outcome = Outcome("internal", f"The request could not be prepared ({type(error).__name__}).")
            exchange = Exchange(request, None, outcome, started_at, 0)
        _log.info(
            "attempt",
            delivery_id=claim.delivery_id,
            event_id=claim.message.event_id,
            webhook_id=claim.webhook_id,
            outcome=exchange.outcome.kind,
            status=exchange.response.status if exchange.response else None,
            ms=round(exchange.duration_ms, 1),
        )
        return exchange
