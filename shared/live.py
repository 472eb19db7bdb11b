"""The live bus: tells every open stream of a process when what it watches may have changed, whoever changed it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from shared.changes import ChangeWatcher
from shared.ending import stop_after
from shared.errors import Busy

_BREATH_SECONDS = 0.05  # between two looks, however fast changes come: twenty updates a second are live enough


class Subscription:
    """One stream's ear: set whenever its topic may have changed since `wait` last returned True."""

    def __init__(self) -> None:
        self._changed = threading.Event()
        self.ended = False

    def wait(self, seconds: float) -> bool:
        """Return whether the topic changed, or the bus stopped, within `seconds`."""
        changed = self._changed.wait(seconds)
        if changed and not self.ended:
            self._changed.clear()  # before the caller looks: what comes while it looks is not missed
        return changed

    def tell(self) -> None:
        """Let `wait` return."""
        self._changed.set()

    def end(self) -> None:
        """Let `wait` return for good."""
        self.ended = True
        self._changed.set()


class Bus:
    """One watcher of the database for all streams of the process; it starts with the first of them.

    A subclass may tell changes of one topic from those of another; here every change may concern every topic.
    """

    def __init__(self, engine: Engine, channel: str, most_streams: int) -> None:
        self._engine = engine
        self._channel = channel
        self._most = most_streams
        self._lock = threading.Lock()
        self._ears: dict[str, set[Subscription]] = defaultdict(set)
        self._watcher: ChangeWatcher | None = None
        self._stopping = threading.Event()

    @property
    def open_streams(self) -> int:
        """How many streams listen."""
        with self._lock:
            return sum(len(ears) for ears in self._ears.values())

    @contextmanager
    def listening(self, topic: str = "") -> Iterator[Subscription]:
        """Give a subscription to one topic; raise Busy when as many streams are open as the process can hold."""
        ear = Subscription()
        with self._lock:
            if self._stopping.is_set() or sum(len(ears) for ears in self._ears.values()) >= self._most:
                raise Busy("All live streams are taken; ask again later, or poll.")
            if self._watcher is None:
                self._watcher = self._watching()
            self._ears[topic].add(ear)
        try:
            yield ear
        finally:
            with self._lock:
                self._ears[topic].discard(ear)
                if not self._ears[topic]:
                    del self._ears[topic]
                    self.forget(topic)

    def stop(self) -> None:
        """End every subscription and the watcher."""
        with self._lock:
            already = self._stopping.is_set()
            self._stopping.set()
            for ears in self._ears.values():
                for ear in ears:
                    ear.end()
            watcher = self._watcher
        if watcher is not None and not already:
            watcher.stop()

    def changed(self, topics: Collection[str]) -> Collection[str]:
        """Return those of `topics` that may have changed since the last call."""
        return topics

    def forget(self, topic: str) -> None:
        """Nobody listens to `topic` any more."""

    def stop_after(self, is_alive: Callable[[], bool]) -> None:
        """Stop soon after `is_alive` says no."""
        stop_after(is_alive, self._stopping, self.stop)

    def _watching(self) -> ChangeWatcher:
        watcher = ChangeWatcher(self._engine, self._channel, self._look)
        try:
            watcher.start()
        except RuntimeError:  # the system has no thread left
            raise Busy("There is no thread for live streams; ask again later, or poll.") from None
        return watcher

    def _look(self) -> None:
        """Tell those who listen to a topic that changed."""
        with self._lock:
            watched = list(self._ears)
        if watched:
            try:
                changed = self.changed(watched)
            except SQLAlchemyError:
                changed = watched  # tell everybody: they will find out for themselves
            with self._lock:
                for topic in changed:
                    for ear in self._ears.get(topic, ()):
                        ear.tell()
        self._stopping.wait(_BREATH_SECONDS)
