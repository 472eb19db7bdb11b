"""A database that refuses for a while what this process writes, each refusal being its own."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError


class Outage:
    """Begins and ends when told; `wait_for` a number of writes that failed."""

    def __init__(self) -> None:
        self.lasts = False
        self.at_commit = False  # writes go well until they are to be kept
        self._failures = 0
        self._failed = threading.Condition()

    def wait_for(self, failures: int) -> None:
        """Wait until so many writes have failed."""
        with self._failed:
            assert self._failed.wait_for(lambda: self._failures >= failures, timeout=30)

    def begin(self, connection: Connection) -> None:
        """Make a transaction one that may only read."""
        if self.lasts and not self.at_commit:
            is_sqlite = connection.dialect.name == "sqlite"
            connection.exec_driver_sql("PRAGMA query_only=ON" if is_sqlite else "SET TRANSACTION READ ONLY")

    def end(self, connection: Connection) -> None:
        """Let the next one write again."""
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only=OFF")

    def commit(self, connection: Connection) -> None:
        """Fail instead of keeping anything, if it is to."""
        self.end(connection)
        if self.lasts and self.at_commit:
            self.count()
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
            raise OperationalError("COMMIT", None, error)

    def count(self, *_: object) -> None:
        """Count a failure."""
        with self._failed:
            self._failures += 1
            self._failed.notify_all()


@contextmanager
def outage_of(engine: Engine) -> Iterator[Outage]:
    """Give an outage of the database of `engine`, which has not begun."""
    outage = Outage()
    listeners = (
        ("begin", outage.begin),
        ("commit", outage.commit),
        ("rollback", outage.end),
        ("handle_error", outage.count),
    )
    for name, listener in listeners:
        event.listen(engine, name, listener)
    yield outage
    for name, listener in listeners:
        event.remove(engine, name, listener)
