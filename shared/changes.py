"""Learning at once that the database changed, without a broker: what wakes workers and live pages.

SQLite: `PRAGMA data_version` changes when another connection has committed (sqlite.org/pragma.html), and asking
it costs microseconds. PostgreSQL: LISTEN on a channel that the writing transaction notifies.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from shared import clock
from shared.database import notice_of_loss

_log = structlog.get_logger(__name__)

_LISTEN_CHUNK_SECONDS = 0.5  # how long stop() may have to wait for a listening thread
_RECONNECT_SECONDS = 1.0
_IDLE_INTERVAL = 0.05  # seconds between two looks at a SQLite file
_BUSY_INTERVAL = 0.001
_UNHURRIED_INTERVAL = 0.004
_BUSY_SECONDS = 0.1


def announce(transaction: Connection | Session, channel: str) -> None:
    """Tell watchers of `channel` when this transaction commits (PostgreSQL; SQLite's watchers see it anyway)."""
    connection = transaction.connection() if isinstance(transaction, Session) else transaction
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": channel})


class ChangeWatcher:
    """Calls `on_change` from a thread of its own soon after another connection committed.

    It may call when nothing of interest changed, never the other way round: a lost connection counts as a change.
    A SQLite file is looked at every 50 ms (half a percent of a core), and for a tenth of a second after each change
    every millisecond: where one thing happens, the next is not far. It is every 4 ms if `on_change` returns False: who
    has something to do need not know at once that there is more.
    """

    def __init__(self, engine: Engine, channel: str, on_change: Callable[[], bool | None]) -> None:
        self._engine = engine
        self._channel = channel
        self._on_change = on_change
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch-{channel}", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        watch = self._poll if self._engine.dialect.name == "sqlite" else self._listen
        while not self._stopped.is_set():
            try:
                watch()
            except Exception as error:  # noqa: BLE001  # whatever ended the connection, the remedy is a new one
                _log.warning("watching for changes was interrupted", error=type(error).__name__)
                self._stopped.wait(_RECONNECT_SECONDS)

    def _poll(self) -> None:
        database = str(self._engine.url.database)
        with contextlib.closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as connection:
            seen, busy_until, busy_interval = None, 0.0, _BUSY_INTERVAL  # what came before we looked is a change too
            while not self._stopped.wait(busy_interval if clock.monotonic() < busy_until else _IDLE_INTERVAL):
                (version,) = connection.execute("PRAGMA data_version").fetchone()
                if version != seen:
                    seen, busy_until = version, clock.monotonic() + _BUSY_SECONDS
                    busy_interval = _UNHURRIED_INTERVAL if self._on_change() is False else _BUSY_INTERVAL

    def _listen(self) -> None:
        import psycopg  # noqa: PLC0415  # an extra: only installed where PostgreSQL is used

        url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True, **notice_of_loss(self._engine.url)) as connection:
            connection.execute(f'LISTEN "{self._channel}"')
            self._on_change()  # what came before we listened
            while not self._stopped.is_set():
                if any(True for _ in connection.notifies(timeout=_LISTEN_CHUNK_SECONDS, stop_after=1)):
                    self._on_change()
