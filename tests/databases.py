"""New databases for tests, of both kinds: empty, or with the tables of a service."""

from __future__ import annotations

import secrets
import shutil
from collections import defaultdict
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


# What a test may have changed of a PostgreSQL database besides its rows: a line for each column, constraint, index,
# trigger and function, and for each setting.
_SHAPE = """
SELECT attrelid::regclass || ' ' || attnum || attname || atttypid || attnotnull || atthasdef
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT conrelid::regclass || ' ' || conname || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT setconfig::text FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
    WHERE datname = current_database()
UNION ALL SELECT version_num FROM alembic_version
ORDER BY 1"""
_END_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_TABLES = """
SELECT quote_ident(relname) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'"""


class Databases:
    """Makes databases; those with tables are copies of one that was migrated, which takes a fifth of the time.

    On PostgreSQL such a copy is used again when a test has left its tables as they were: to make and drop one takes
    70 ms, and 500 on a machine with four tests at work; to empty it takes 20.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._templates: dict[tuple[str, SQLAlchemy], str] = {}
        self._shapes: dict[str, list[Any]] = {}  # by template
        self._free: dict[str, list[str]] = defaultdict(list)  # copies that are as new, by template
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
        with self._copy(template) as name:
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
        self._drop(name)

    @contextmanager
    def _copy(self, template: str) -> Iterator[str]:
        """Yield the name of a database that is as `template`."""
        if template not in self._shapes:
            with self._connected(template) as connection:
                self._shapes[template] = connection.execute(_SHAPE).fetchall()
        name = self._free[template].pop() if self._free[template] else self._create(template)
        yield name
        if self._has_emptied(name, self._shapes[template]):
            self._free[template].append(name)
        else:
            self._drop(name)

    def _has_emptied(self, name: str, shape: list[Any]) -> bool:
        """Empty a database; return False if it has another shape, and cannot be used again."""
        try:
            with self._connected(name) as connection:
                connection.execute(_END_OTHERS)
                if connection.execute(_SHAPE).fetchall() != shape:
                    return False
                tables = ", ".join(row[0] for row in connection.execute(_TABLES))
                connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
        except psycopg.Error:  # it has no version any more, or takes no connections
            return False
        return True

    def _create(self, template: str) -> str:
        name = f"test_{secrets.token_hex(6)}"
        # By file, as the server does not wait for its disk: 20 ms, through the log 45 to 150.
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def _drop(self, name: str) -> None:
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _connected(self, name: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self.server.get_uri(database=name), autocommit=True)

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
