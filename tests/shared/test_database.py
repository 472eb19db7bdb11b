"""Which errors say that a database cannot work now, and which that a statement is at fault."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

from shared import database
from shared.changes import ChangeWatcher
from shared.cli import database_app
from shared.database import is_outage, is_unavailable, writing_connection
from tests.databases import empty_database, empty_engine

_IDLE_IN_TRANSACTION = "idle_in_transaction_session_timeout"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    with empty_engine(request.param, request, tmp_path) as engine:
        with writing_connection(engine) as connection:
            connection.execute(text("CREATE TABLE things (id integer PRIMARY KEY)"))
        yield engine


def fault(engine, *statements):
    with pytest.raises(DBAPIError) as caught:
        execute(engine, statements)
    return caught.value


def execute(engine, statements):
    with writing_connection(engine) as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_database_that_may_only_be_read_cannot_work_now(engine):
    only_read = "PRAGMA query_only=ON" if engine.dialect.name == "sqlite" else "SET TRANSACTION READ ONLY"
    error = fault(engine, only_read, "INSERT INTO things VALUES (1)")
    assert is_unavailable(error)
    assert is_outage(error)


@pytest.mark.parametrize("statements", [("INSERT INTO things VALUES (1)",) * 2, ("SELECT 1 / nothing",)])
def test_a_statement_may_be_at_fault(engine, statements):
    assert not is_outage(fault(engine, *statements))


@pytest.mark.parametrize(("name", "unavailable"), [("SQLITE_PROTOCOL", True), ("SQLITE_ERROR", False)])
def test_a_lock_that_cannot_be_had_is_no_fault_of_the_statement(name, unavailable):
    error = sqlite3.OperationalError("locking protocol")
    error.sqlite_errorname = name
    assert is_unavailable(OperationalError("SELECT 1", {}, error)) is unavailable


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_turn_at_writing_that_cannot_be_had_is_an_outage_and_ends(engine):
    lock = Path(f"{engine.url.database}.turn")
    lock.unlink()
    lock.mkdir()  # opening it fails, as where too many files are open
    error = fault(engine, "INSERT INTO things VALUES (1)")
    assert is_unavailable(error)
    assert is_outage(error)
    lock.rmdir()
    execute(engine, ["INSERT INTO things VALUES (1)"])


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_error_of_the_system_amid_a_transaction_is_its_own(engine):
    with pytest.raises(FileNotFoundError), writing_connection(engine):
        raise FileNotFoundError


@pytest.mark.parametrize(("query", "timeout"), [({}, "10"), ({"connect_timeout": "7"}, "7")], ids=["ours", "the URL's"])
def test_connections_notice_a_postgresql_that_vanished_as_the_url_wants_it(
    request, tmp_path, monkeypatch, query, timeout
):
    opened, listens = [], threading.Event()
    real = psycopg.connect

    def connect(*given, **options):
        opened.append(real(*given, **options))
        return opened[-1]

    monkeypatch.setattr(psycopg, "connect", connect)
    with empty_database("postgresql", request, tmp_path) as plain:
        url = make_url(plain).update_query_dict(query).render_as_string(hide_password=False)
        db = SQLAlchemy()
        app = database_app(db, url, "URL")
        opened.clear()
        with app.app_context():
            db.session.execute(text("SELECT 1"))
            watcher = ChangeWatcher(db.engine, "things", listens.set)
            watcher.start()
            assert listens.wait(30)
            found = [connection.info.get_parameters() for connection in opened]
            watcher.stop()
            db.session.remove()
            db.engine.dispose()
    assert len(found) == 2
    for parameters in found:
        assert parameters["connect_timeout"] == timeout
        assert parameters["tcp_user_timeout"] == "30000"
        kept_alive = [parameters[f"keepalives_{name}"] for name in ("idle", "interval", "count")]
        assert kept_alive == ["15", "5", "3"]


def test_a_connection_that_was_lost_while_nobody_used_it_is_replaced(request, tmp_path):
    """As after a restart of PostgreSQL: otherwise each process would refuse the first request after it."""
    with empty_database("postgresql", request, tmp_path) as url:
        db, name = SQLAlchemy(), text("SELECT pg_backend_pid()")
        app = database_app(db, url, "URL")
        with app.app_context():
            lost = db.session.scalar(name)
            db.session.remove()
            plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
            with psycopg.connect(plain) as other:
                other.execute("SELECT pg_terminate_backend(%s, 10000)", [lost])
            assert db.session.scalar(name) != lost
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_sqlite_syncs_what_is_committed(engine):
    """So that no loss of power takes what was accepted; a kill, which tests can do, takes nothing anyhow."""
    full = 2
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA synchronous")) == full


def test_what_refers_to_nothing_is_refused(engine):
    execute(engine, ["CREATE TABLE others (thing integer REFERENCES things (id))"])
    assert not is_outage(fault(engine, "INSERT INTO others VALUES (1)"))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_error_says_nothing_of_the_values_of_its_statement(request, tmp_path, kind):
    """Errors are logged, and what is stored may be anybody's payload."""
    with empty_database(kind, request, tmp_path) as url:
        db = SQLAlchemy()
        with database_app(db, url, "URL").app_context():
            with pytest.raises(DBAPIError) as caught:
                db.session.execute(text("INSERT INTO nothing VALUES (:value)"), {"value": "confidential"})
            db.session.remove()
            db.engine.dispose()
    assert "INSERT INTO nothing" in str(caught.value)
    assert "confidential" not in str(caught.value)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_who_vanishes_amid_a_transaction_keeps_nobody_waiting_for_ever(engine, monkeypatch):
    """Frozen, or on a host that is gone: PostgreSQL would ask after hours whether it is there, or never."""
    monkeypatch.setattr(database, "_LONGEST_IDLE", 1.0)  # longer than those who are only slow keep still
    engine.dispose()
    change = text("UPDATE things SET id = id + 1")
    execute(engine, ["INSERT INTO things VALUES (1)"])

    def be_frozen(others):
        with writing_connection(engine) as connection:
            connection.execute(change)
            others.submit(execute, engine, ["UPDATE things SET id = id + 10"]).result(30)
            connection.execute(change)

    with ThreadPoolExecutor() as others, pytest.raises(DBAPIError) as caught:
        be_frozen(others)
    assert is_outage(caught.value), "what it was about is done again"
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT id FROM things")) == 11


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_idling_between_transactions_ends_no_connection(engine):
    with engine.connect() as connection:
        shown = [connection.scalar(text(f"SHOW {name}")) for name in ("idle_session_timeout", _IDLE_IN_TRANSACTION)]
    assert shown == ["0", "30s"]
