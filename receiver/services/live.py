"""The live bus of bins: wakes the streams of a bin when it changed, and those of no other."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Engine, select

from receiver.models import Bin
from receiver.services.batch import CHANGES
from shared.live import Bus


class LiveBus(Bus):
    """Compares the watched bins with what they last were; a topic is a bin's id."""

    def __init__(self, engine: Engine, most_streams: int) -> None:
        super().__init__(engine, CHANGES, most_streams)
        self._heads: dict[str, Any] = {}

    def changed(self, topics: Collection[str]) -> Collection[str]:
        """Return the ids of the bins among `topics` that changed or are gone."""
        query = select(Bin.id, Bin.captured_count, Bin.stored_count, Bin.updated_at).where(Bin.id.in_(topics))
        with self._engine.connect() as connection:
            heads = {row.id: tuple(row) for row in connection.execute(query)}
        changed = [topic for topic in topics if topic not in heads or self._heads.get(topic) != heads[topic]]
        self._heads.update(heads)
        return changed

    def forget(self, topic: str) -> None:
        """Nobody listens to this bin any more."""
        self._heads.pop(topic, None)
