"""Empty databases for tests, of both kinds."""

from __future__ import annotations

import contextlib
import queue
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, create_engine

from shared.database import prepare_engine


class Supply:
    """Empty databases of a PostgreSQL server, made ahead: one takes 0.15 s, in which a test can be run."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._ready: queue.Queue[str] = queue.Queue(maxsize=2)
        self._used: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._make, name="databases", daemon=True)
        self._thread.start()

    def take(self) -> str:
        """Return the URL of an empty database."""
        name = self._ready.get(timeout=60)
        return str(self._server.get_uri(database=name, driver="psycopg"))

    def give_back(self, url: str) -> None:
        """Have a database dropped."""
        self._used.put(psycopg.conninfo.conninfo_to_dict(url.replace("+psycopg", ""))["dbname"])

    def end(self) -> None:
        """Make no more; those that are left end with the server."""
        self._ended.set()
        with contextlib.suppress(queue.Empty):
            self._ready.get_nowait()  # whoever waits to put one there goes on
        self._thread.join()

    def _make(self) -> None:
        while not self._ended.is_set():
            name = f"test_{secrets.token_hex(6)}"
            self._execute(f"CREATE DATABASE {name}")
            self._ready.put(name)
            with contextlib.suppress(queue.Empty):
                while True:
                    self._execute(f"DROP DATABASE {self._used.get_nowait()} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        # A server process of its own: one that makes and drops many remembers all their files, and gets slow by it.
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def empty_database(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Yield the URL of a new database of this kind: "sqlite" or "postgresql"."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'test.sqlite3'}"
        return
    supply = request.getfixturevalue("databases")
    url = supply.take()
    yield url
    supply.give_back(url)


@contextmanager
def empty_engine(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Engine]:
    """Yield an engine on a new database of this kind, as the services use it."""
    with empty_database(kind, request, folder) as url:
        engine = create_engine(url)
        prepare_engine(engine)
        yield engine
        engine.dispose()
