"""How many attempts a worker has under way at each webhook, and what waits for one of them to end."""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import Generic, TypeVar

J = TypeVar("J")


class InFlight(Generic[J]):
    """Keeps the in-flight caps in a worker that holds more of a webhook than its cap; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._waiting: dict[str, deque[J]] = {}

    @property
    def waiting(self) -> int:
        """How many jobs wait for another to end."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def begin(self, webhook_id: str, cap: int | None, job: J) -> bool:
        """Count an attempt and return True, or have `job` wait when there are `cap` of them under way."""
        with self._lock:
            if cap is not None and self._counts[webhook_id] >= cap:
                self._waiting.setdefault(webhook_id, deque()).append(job)
                return False
            self._counts[webhook_id] += 1
            return True

    def end(self, webhook_id: str) -> J | None:
        """Count an attempt no longer, and return the job that has waited longest for it, to be begun with anew."""
        with self._lock:
            self._counts[webhook_id] -= 1
            if not self._counts[webhook_id]:
                del self._counts[webhook_id]
            waiting = self._waiting.get(webhook_id)
            if waiting is None:
                return None
            job = waiting.popleft()
            if not waiting:
                del self._waiting[webhook_id]
            return job

    def take_back(self) -> list[J]:
        """Return the jobs that wait, which do so no longer."""
        with self._lock:
            jobs = [job for waiting in self._waiting.values() for job in waiting]
            self._waiting.clear()
            return jobs
