"""Threads that work off a queue, as few of them at once as keep it moving.

The interpreter runs one thread at a time, and handing over costs more than what is handed over: with endpoints that
answer within a millisecond, 32 busy threads made 1,200 deliveries a second where one or two made 1,700. Slow endpoints
need the other threads, since theirs only wait.
"""

from __future__ import annotations

import contextlib
import math
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

import structlog

J = TypeVar("J")
T = TypeVar("T")

_STEP = 1.0  # milliseconds of a job that call for one more thread; the interpreter is busy for a third of that
_LONGEST = 100.0  # milliseconds that a job counts for at most: it has all threads at work
_AHEAD = 100.0  # milliseconds of work that it is worth to have waiting, so that a turn at the database moves many
_MOST_AHEAD = 3  # jobs waiting for each thread

_log = structlog.get_logger(__name__)


def drain(waiting: queue.SimpleQueue[T]) -> list[T]:
    """Return what is in a queue now, and take it out."""
    found: list[T] = []
    with contextlib.suppress(queue.Empty):
        while True:
            found.append(waiting.get_nowait())
    return found


class Crew(Generic[J]):
    """`size` threads that call `work` for each job; all methods but `add` are for one other thread.

    A thread whose job hangs gives its place to another, which is made for it: `spare` more at most.
    """

    def __init__(self, size: int, work: Callable[[J], None], *, spare: int = 0) -> None:
        self._size = size
        self._spare = spare
        self._work = work
        self._jobs: queue.SimpleQueue[J] = queue.SimpleQueue()
        self._idle: deque[queue.SimpleQueue[None]] = deque()  # what wakes each idle thread, the last used last
        self._rests = False
        self._threads = 0
        self._lacks_threads = False  # whether that was said, which is tried again every few milliseconds
        self._hanging = 0  # jobs that have hung so long that they only wait
        self._wanted = 1  # threads at work
        self._mean = _STEP  # milliseconds that a job takes
        self._ended = 0  # jobs; as it is only compared with itself, a count that is lost does no harm
        self._ended_before = 0

    def start(self) -> None:
        """Begin to work; the threads end with the process. Raise RuntimeError when not one can be made."""
        self._grow(self._size)
        if not self._threads:
            raise RuntimeError("can't start new thread")

    @property
    def has_jobs_left(self) -> bool:
        """Whether there are jobs that no thread has begun with."""
        return not self._jobs.empty()

    @property
    def reach(self) -> int:
        """How many jobs it is worth to hold: one for each thread, and those that will be begun with soon."""
        ahead = min(self._size * _MOST_AHEAD, round(self._wanted * _AHEAD / self._mean))
        return self._size + self._hanging + ahead

    def put(self, jobs: Iterable[J]) -> None:
        """Add jobs and have them begun with."""
        for job in jobs:
            self._jobs.put(job)
        self._wake(1)

    def add(self, job: J) -> None:
        """Add a job from within `work`; the thread that does it, if no other, begins with it next."""
        self._jobs.put(job)

    def take_back(self) -> list[J]:
        """Return the jobs that no thread has begun with."""
        return drain(self._jobs)

    def suit(self, durations: Iterable[float]) -> None:
        """Choose how many threads are to work by how long the latest jobs took, in milliseconds."""
        counted = [min(duration, _LONGEST) for duration in durations]
        if counted:
            self._mean = max(0.001, sum(counted) / len(counted))
            self._wanted = min(self._size, math.ceil(self._mean / _STEP))

    def hurry(self, hanging: int = 0) -> None:
        """Have more threads at work when jobs are left and none has ended since this was last called.

        `hanging` is how many jobs only wait by now: others take their places.
        """
        self._hanging = min(hanging, self._spare)
        if self._jobs.empty():
            return
        self._grow(self._size + self._hanging)
        stuck = self._ended == self._ended_before
        self._ended_before = self._ended
        if stuck:
            self._wanted = min(self._size, self._wanted * 2)
        self._wake(1 if stuck else 0)

    @contextlib.contextmanager
    def resting(self) -> Iterator[None]:
        """Let no thread begin with a job while the block lasts: it would get in the way of the one that runs it."""
        self._rests = True
        try:
            yield
        finally:
            self._rests = False
            self._wake(1)

    def _wake(self, at_least: int) -> None:
        busy = self._threads - len(self._idle) - self._hanging
        for _ in range(min(self._jobs.qsize(), max(at_least, self._wanted - busy))):
            with contextlib.suppress(IndexError):
                self._idle.pop().put(None)

    def _grow(self, size: int) -> None:
        """Make threads, idle at first, until there are `size`, or the system has none left."""
        while self._threads < size:
            bell: queue.SimpleQueue[None] = queue.SimpleQueue()
            thread = threading.Thread(target=self._run, args=(bell,), name=f"send-{self._threads}", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                if not self._lacks_threads:
                    _log.warning("no more threads can be made", threads=self._threads, wanted=size)
                self._lacks_threads = True
                return
            self._idle.append(bell)
            self._threads += 1
        self._lacks_threads = False

    def _run(self, bell: queue.SimpleQueue[None]) -> None:
        bell.get()
        while True:
            try:
                self._work(self._next(bell))
            except Exception as error:  # noqa: BLE001  # a bug must not end a thread
                _log.error("a job failed", exc_info=error)
            self._ended += 1

    def _next(self, bell: queue.SimpleQueue[None]) -> J:
        while True:
            if not self._rests:
                with contextlib.suppress(queue.Empty):
                    return self._jobs.get_nowait()
            self._idle.append(bell)
            bell.get()
