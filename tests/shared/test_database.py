"""Which errors say that a database cannot work now, and which that a statement is at fault."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from shared.database import is_outage, is_unavailable, writing_connection
from tests.databases import empty_engine


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
