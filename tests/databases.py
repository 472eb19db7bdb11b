"""New databases for tests, of both kinds: empty, or with the tables of a service."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, create_engine

from shared import migrations
from shared.database import prepare_engine
from tests import postgresql

MakeApp = Callable[[str, Path], Flask]  # gives a service's application for a database's URL and a data folder


class Databases:
    """Makes databases; those with tables are copies of one that was migrated, which takes a fifth of the time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._templates: dict[tuple[str, SQLAlchemy], str] = {}
        self._closing = ExitStack()

    def close(self) -> None:
        """End the PostgreSQL server, if one was needed."""
        self._closing.close()

    @cached_property
    def server(self) -> Any:
        """The PostgreSQL server of this run, started when it is first needed."""
        server = self._closing.enter_context(postgresql.server())
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes"):  # nobody cuts the power of this one
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        return server

    @contextmanager
    def empty(self, kind: str, folder: Path) -> Iterator[str]:
        """Yield the URL of an empty database."""
        if kind == "sqlite":
            yield _sqlite(folder)
            return
        with self._postgresql("template1") as name:
            yield self._url(name)

    @contextmanager
    def migrated(self, kind: str, folder: Path, make_app: MakeApp, db: SQLAlchemy) -> Iterator[str]:
        """Yield the URL of a database with the newest tables of a service."""
        if (kind, db) not in self._templates:
            self._templates[kind, db] = self._migrate(kind, make_app, db)
        template = self._templates[kind, db]
        if kind == "sqlite":
            url = _sqlite(folder)
            shutil.copyfile(template, url.removeprefix("sqlite:///"))
            yield url
            return
        with self._postgresql(template) as name:
            yield self._url(name)

    def _migrate(self, kind: str, make_app: MakeApp, db: SQLAlchemy) -> str:
        folder = self._folder / secrets.token_hex(6)
        folder.mkdir()
        name = self._create("template1") if kind == "postgresql" else ""
        url = self._url(name) if name else _sqlite(folder)
        app = make_app(url, folder)
        migrations.upgrade(app, db)
        with app.app_context():
            db.engine.dispose()
        return name or url.removeprefix("sqlite:///")

    @contextmanager
    def _postgresql(self, template: str) -> Iterator[str]:
        name = self._create(template)
        yield name
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _create(self, template: str) -> str:
        name = f"test_{secrets.token_hex(6)}"
        # By file, as the server does not wait for its disk: 20 ms, through the log 45 to 150.
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def _url(self, name: str) -> str:
        return str(self.server.get_uri(database=name, driver="psycopg"))

    def _execute(self, statement: str) -> None:
        # A server process of its own: one that makes and drops many remembers all their files, and gets slow by it.
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def empty_database(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Yield the URL of a new database of this kind: "sqlite" or "postgresql"."""
    with request.getfixturevalue("databases").empty(kind, folder) as url:
        yield url


@contextmanager
def empty_engine(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Engine]:
    """Yield an engine on a new database of this kind, as the services use it."""
    with empty_database(kind, request, folder) as url:
        engine = create_engine(url)
        prepare_engine(engine)
        yield engine
        engine.dispose()


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'test.sqlite3'}"
