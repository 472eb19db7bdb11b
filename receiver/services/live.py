"""The live bus: tells every open stream of a process when its bin changed, whoever changed it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from receiver.models import Bin
from receiver.services.batch import CHANGES
from shared.changes import ChangeWatcher
from shared.errors import Busy

_BREATH_SECONDS = 0.05  # between two looks, however fast captures come: twenty updates a second are live enough


class Subscription:
    """One stream's ear: set whenever its bin may have changed since `wait` last returned True."""

    def __init__(self) -> None:
        self._changed = threading.Event()
        self.ended = False

    def wait(self, seconds: float) -> bool:
        """Return whether the bin changed, or the bus stopped, within `seconds`."""
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


class LiveBus:
    """One watcher of the database for all streams of the process; it starts with the first of them."""

    def __init__(self, engine: Engine, most_streams: int) -> None:
        self._engine = engine
        self._most = most_streams
        self._lock = threading.Lock()
        self._ears: dict[str, set[Subscription]] = defaultdict(set)
        self._heads: dict[str, Any] = {}
        self._watcher: ChangeWatcher | None = None
        self._stopping = threading.Event()

    @property
    def open_streams(self) -> int:
        """How many streams listen."""
        with self._lock:
            return sum(len(ears) for ears in self._ears.values())

    @contextmanager
    def listening(self, bin_id: str) -> Iterator[Subscription]:
        """Give a subscription to one bin; raise Busy when as many streams are open as the process can hold."""
        ear = Subscription()
        with self._lock:
            if self._stopping.is_set() or sum(len(ears) for ears in self._ears.values()) >= self._most:
                raise Busy("All live streams are taken; ask again later, or poll.")
            self._ears[bin_id].add(ear)
            if self._watcher is None:
                self._watcher = ChangeWatcher(self._engine, CHANGES, self._look)
                self._watcher.start()
        try:
            yield ear
        finally:
            with self._lock:
                self._ears[bin_id].discard(ear)
                if not self._ears[bin_id]:
                    del self._ears[bin_id]
                    self._heads.pop(bin_id, None)

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

    def _look(self) -> None:
        """Compare the watched bins with what they last were, and tell those who listen to one that changed."""
        with self._lock:
            watched = list(self._ears)
        if watched:
            try:
                heads = self._read_heads(watched)
            except SQLAlchemyError:
                heads = {}  # tell everybody: they will find out for themselves
            with self._lock:
                for bin_id in watched:
                    if bin_id not in self._ears:
                        continue
                    if bin_id not in heads or self._heads.get(bin_id) != heads[bin_id]:
                        self._heads[bin_id] = heads.get(bin_id)
                        for ear in self._ears[bin_id]:
                            ear.tell()
        self._stopping.wait(_BREATH_SECONDS)

    def _read_heads(self, bin_ids: list[str]) -> dict[str, Any]:
        query = select(Bin.id, Bin.captured_count, Bin.stored_count, Bin.updated_at).where(Bin.id.in_(bin_ids))
        with self._engine.connect() as connection:
            return {row.id: tuple(row) for row in connection.execute(query)}
