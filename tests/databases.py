"""Empty databases for tests, of both kinds."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def empty_database(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Yield the URL of a new database of this kind: "sqlite" or "postgresql"."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'test.sqlite3'}"
        return
    server = request.getfixturevalue("postgresql")
    name = f"test_{secrets.token_hex(6)}"
    server.psql(f"CREATE DATABASE {name};")
    yield server.get_uri(database=name, driver="psycopg")
    server.psql(f"DROP DATABASE {name} WITH (FORCE);")
