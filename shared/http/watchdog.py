"""One thread that cuts every attempt of a door which outlives its deadline."""

from __future__ import annotations

import threading

from shared import clock
from shared.http.attempt import Attempt


class Watchdog:
    """Watches running attempts; its daemon thread begins with the first and ends when the watchdog is closed.

    The thread wakes for the earliest deadline of those that ran when it last looked, not for each attempt: with
    20 seconds per attempt and thousands of attempts a second it wakes about every 20 seconds.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._changed = threading.Condition(self.lock)
        self._running: set[Attempt] = set()
        self._wakes_at = float("inf")
        self._thread: threading.Thread | None = None
        self._closed = False

    def watch(self, attempt: Attempt) -> None:
        """Begin to watch `attempt`; a closed watchdog opens again."""
        with self.lock:
            self._running.add(attempt)
            if self._thread is None or not self._thread.is_alive():  # not alive: this is the child of a fork
                self._closed = False
                self._thread = threading.Thread(target=self._run, name="http-deadlines", daemon=True)
                self._thread.start()
            elif attempt.deadline < self._wakes_at:
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

    def _run(self) -> None:
        with self.lock:
            while self._running or not self._closed:
                now = clock.monotonic()
                for attempt in [attempt for attempt in self._running if attempt.deadline <= now]:
                    attempt.cut()
                    self._running.discard(attempt)
                self._wakes_at = min((attempt.deadline for attempt in self._running), default=float("inf"))
                self._changed.wait(min(self._wakes_at - now, threading.TIMEOUT_MAX))
            self._thread = None
