"""Learning that the database changed goes on after whatever interrupts it."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from sqlalchemy import text

from shared import changes
from shared.changes import ChangeWatcher
from shared.database import writing_connection
from tests.databases import empty_engine


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    with empty_engine(request.param, request, tmp_path) as engine:
        with writing_connection(engine) as connection:
            connection.execute(text("CREATE TABLE things (id integer)"))
        yield engine


@pytest.fixture
def changed(engine):
    """Set when a change was noticed."""
    changed = threading.Event()
    watcher = ChangeWatcher(engine, "things", changed.set)
    watcher.start()
    yield changed
    watcher.stop()


def commit(engine):
    with writing_connection(engine) as connection:
        connection.execute(text("INSERT INTO things VALUES (1)"))
        changes.announce(connection, "things")


def test_each_change_is_noticed(engine, changed):
    assert changed.wait(30), "what came before counts"
    for _ in range(3):
        changed.clear()
        commit(engine)
        assert changed.wait(30)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_error_of_sqlite_counts_as_a_change_and_ends_nothing(engine, monkeypatch):
    real, failing, failed, changed = sqlite3.connect, threading.Event(), threading.Event(), threading.Event()

    class Connection(sqlite3.Connection):
        def execute(self, *given):
            if failing.is_set():
                failing.clear()
                failed.set()
                raise sqlite3.OperationalError("locking protocol")
            return super().execute(*given)

    monkeypatch.setattr(sqlite3, "connect", lambda *given, **more: real(*given, **more, factory=Connection))
    monkeypatch.setattr(changes, "_RECONNECT_SECONDS", 0.01)
    watcher = ChangeWatcher(engine, "things", changed.set)
    watcher.start()
    assert changed.wait(30)
    changed.clear()
    failing.set()
    assert failed.wait(30)
    assert changed.wait(30), "what came while nobody looked counts"
    changed.clear()
    commit(engine)
    assert changed.wait(30)
    watcher.stop()
