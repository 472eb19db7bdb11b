"""One thread that cuts every attempt of a door which outlives its deadline, and sweeps its idle connections."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from shared import clock
from shared.http.attempt import Attempt

SWEEP_EVERY = 5.0  # seconds
_log = structlog.get_logger(__name__)


class Watchdog:
    """Watches running attempts; its daemon thread begins with the first and ends when the watchdog is closed.

    The thread wakes every few seconds to call `sweep`, and for the earliest deadline of the attempts that ran when it
    last looked, not for each attempt.
    """

    def __init__(self, sweep: Callable[[], None]) -> None:
        self._sweep = sweep
        self.lock = threading.Lock()
        self._changed = threading.Condition(self.lock)
        self._running: set[Attempt] = set()
        self._wakes_at = float("inf")
        self._thread: threading.Thread | None = None
        self._closed = False

    def start(self) -> None:
        """Have the thread before the first attempt needs it, or open again; raise RuntimeError when none can be had."""
        with self.lock:
            self._start()

    def watch(self, attempt: Attempt) -> None:
        """Begin to watch `attempt`; a closed watchdog opens again."""
        with self.lock:
            self._start()
            self._running.add(attempt)
            if attempt.deadline < self._wakes_at:
                self._changed.notify()

    def forget(self, attempt: Attempt) -> None:
        """Stop watching: after this `attempt` is never cut."""
        with self.lock:
            self._running.discard(attempt)

    def close(self) -> None:
        """End the thread, once the attempts that run now have ended."""
        with self.lock:
            self._closed = True
            self._changed.notify()

    def _start(self) -> None:
        """Have the thread run; only called with the lock taken."""
        if self._thread is None or not self._thread.is_alive():  # not alive: this is the child of a fork
            self._closed = False
            thread = threading.Thread(target=self._run, name="http-deadlines", daemon=True)
            thread.start()
            self._thread = thread

    def _run(self) -> None:
        sweeps_at = clock.monotonic() + SWEEP_EVERY
        while self._wait(sweeps_at):
            if clock.monotonic() < sweeps_at:
                continue
            try:
                self._sweep()
            except Exception as error:  # noqa: BLE001  # without this thread no attempt would end at its deadline
                _log.exception("idle connections were not swept", error=type(error).__name__)
            sweeps_at = clock.monotonic() + SWEEP_EVERY

    def _wait(self, sweeps_at: float) -> bool:
        """Cut what is over its deadline and sleep, until `sweeps_at` at most; return False when it is time to end."""
        with self.lock:
            if self._closed and not self._running:
                self._thread = None
                return False
            now = clock.monotonic()
            for attempt in [attempt for attempt in self._running if attempt.deadline <= now]:
                attempt.cut()
                self._running.discard(attempt)
            self._wakes_at = min([sweeps_at, *(attempt.deadline for attempt in self._running)])
            self._changed.wait(self._wakes_at - now)
        return True
