"""Results that a worker holds until the database has them; one that it cannot take holds up no other."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from sqlalchemy import Connection, Engine

from sender.services.context import CHANGES
from sender.services.deliveries import Result, Rules, record
from shared import changes, clock
from shared.database import is_outage, writing_connection

_log = structlog.get_logger("sender.worker")


class Unrecorded:
    """Results in the order in which they came."""

    def __init__(self, engine: Engine, rules: Rules) -> None:
        self._engine = engine
        self._rules = rules
        self._results: list[Result] = []

    def __len__(self) -> int:
        return len(self._results)

    def add(self, results: Iterable[Result]) -> None:
        """Hold these too."""
        self._results += results

    def write(self, connection: Connection) -> None:
        """Record all in the open writing transaction; they are held until `forget` is told that it was committed."""
        record(connection, self._results, self._rules, clock.now())

    def forget(self) -> None:
        """Hold nothing any more."""
        self._results.clear()

    def record(self) -> None:
        """Record all in a transaction of its own."""
        if self._results:
            self._record(self._results)
            self.forget()

    def survive(self, error: Exception) -> None:
        """Tell what went wrong when all were recorded, and let one result that cannot be hold up no other."""
        if is_outage(error):
            _log.error("the database failed; trying again", error=type(error).__name__)
            return
        _log.error("a turn failed; recording its results one by one", exc_info=error)
        try:
            self._record_each()
        except Exception as another:  # noqa: BLE001  # the results are kept for the next turn
            _log.error("results could not be recorded; trying again", error=type(another).__name__)

    def _record_each(self) -> None:
        while self._results:
            result = self._results[0]
            try:
                self._record([result])
            except Exception as error:
                if is_outage(error):
                    raise
                _log.error("a result could not be recorded", delivery_id=result.claimed.delivery_id, exc_info=error)
                self._record_as_failure(result, error)
            del self._results[0]

    def _record_as_failure(self, result: Result, error: Exception) -> None:
        """Record that an attempt was made, of which nothing else can be; if not even that, its lease brings it back."""
        try:
            self._record([Result.without_answer(result.claimed, result.exchange, type(error).__name__)])
        except Exception as another:
            if is_outage(another):
                raise
            _log.error("nor could its failure", delivery_id=result.claimed.delivery_id, exc_info=another)

    def _record(self, results: list[Result]) -> None:
        with writing_connection(self._engine) as connection:
            record(connection, results, self._rules, clock.now())
            changes.announce(connection, CHANGES)
