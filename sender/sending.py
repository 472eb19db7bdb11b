"""The threads that make attempts: a claimed delivery goes in, its result comes out."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from sender import transport
from sender.core import payload
from sender.services.context import Context
from sender.services.deliveries import Claimed, Result
from shared import clock
from shared.exchange import Exchange, Request
from shared.outcome import Outcome

T = TypeVar("T")

_log = structlog.get_logger("sender.worker")
_stdlib_log = logging.getLogger("sender.worker")  # asked first: most attempts succeed and are not logged


def drain(waiting: queue.SimpleQueue[T]) -> list[T]:
    """Return what is in a queue now, and take it out."""
    found: list[T] = []
    with contextlib.suppress(queue.Empty):
        while True:
            found.append(waiting.get_nowait())
    return found


class Senders:
    """A fixed number of threads; `on_news` is called when results should be recorded: many, or no work is left."""

    def __init__(self, context: Context, results: queue.SimpleQueue[Result], on_news: Callable[[], None]) -> None:
        self._context = context
        self._log = _log.bind()
        self._results = results
        self._on_news = on_news
        self._jobs: queue.SimpleQueue[tuple[Claimed, float]] = queue.SimpleQueue()
        self._lapsed: queue.SimpleQueue[Claimed] = queue.SimpleQueue()
        self._count = context.settings.worker_threads
        # An attempt that begins later could outlast its lease, and another worker would make it a second time.
        self._start_within = context.settings.lease_seconds - context.settings.total_timeout

    def start(self) -> None:
        """Begin to work; the threads end with the process."""
        for number in range(self._count):
            threading.Thread(target=self._work, name=f"send-{number}", daemon=True).start()

    def send(self, claims: Sequence[Claimed]) -> None:
        """Have attempts made for `claims`."""
        latest_start = clock.monotonic() + self._start_within
        for claim in claims:
            self._jobs.put((claim, latest_start))

    def take_back(self) -> list[Claimed]:
        """Return the claims that no thread has begun with."""
        return [claim for claim, _ in drain(self._jobs)]

    def lapsed(self) -> list[Claimed]:
        """Return the claims that waited so long that their lease is nearly over; they are to be claimed anew."""
        return drain(self._lapsed)

    def _work(self) -> None:
        while True:
            claim, latest_start = self._jobs.get()
            if clock.monotonic() > latest_start:
                self._lapsed.put(claim)
                continue
            self._results.put(Result(claim, self._attempt(claim)))
            if self._jobs.empty() or self._results.qsize() >= self._count:
                self._on_news()

    def _attempt(self, claim: Claimed) -> Exchange:
        started_at = clock.now()
        try:
            exchange = transport.send(self._context.door, payload.prepare(claim.message, claim.destination, started_at))
        except Exception as error:  # noqa: BLE001  # one broken delivery must not stop the others
            _log.exception("an attempt could not be prepared", delivery_id=claim.delivery_id)
            request = Request("POST", claim.destination.url, (), b"")
            outcome = Outcome("internal", f"The request could not be prepared ({type(error).__name__}).")
            exchange = Exchange(request, None, outcome, started_at, 0)
        level = logging.DEBUG if exchange.outcome.kind == "succeeded" else logging.INFO
        if _stdlib_log.isEnabledFor(level):
            self._tell(level, claim, exchange)
        return exchange

    def _tell(self, level: int, claim: Claimed, exchange: Exchange) -> None:
        self._log.log(
            level,
            "attempt",
            delivery_id=claim.delivery_id,
            event_id=claim.message.event_id,
            webhook_id=claim.webhook_id,
            outcome=exchange.outcome.kind,
            status=exchange.response.status if exchange.response else None,
            ms=round(exchange.duration_ms, 1),
        )
