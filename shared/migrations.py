"""Schema changes: run once at the start, before any process serves, and alike for both services."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import alembic.context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from flask_migrate import Migrate
from flask_migrate import upgrade as _upgrade
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, text

from shared.database import WRITES
from shared.turn import turn

_LOCK_NUMBER = 0x686F6F6B  # "hook": the PostgreSQL advisory lock that migrating processes queue at


def install(app: Flask, db: SQLAlchemy, folder: Path) -> None:
    """Tell Flask-Migrate where the migrations of `app` are; batch mode makes ALTER work on SQLite."""
    Migrate(app, db, directory=str(folder), render_as_batch=True, compare_type=True)


class UnknownVersion(Exception):
    """The database has a version that there is no migration of; the message says what may have happened."""


def upgrade(app: Flask, db: SQLAlchemy) -> None:
    """Bring the database of `app` to the newest version; processes that start together wait for one another.

    Raise UnknownVersion for a database of a newer version, or of the other service.
    """
    with app.app_context(), _alone(db):
        known = {script.revision for script in _scripts().walk_revisions()}
        if unknown := _versions(db) - known:
            raise UnknownVersion(
                f"the database has the version {', '.join(sorted(unknown))}, which is not known here: it was migrated "
                "by a newer Hookloop, or is that of the other service"
            )
        _upgrade()


def is_current(db: SQLAlchemy) -> bool:
    """Return whether the database has the newest version."""
    return _versions(db) == set(_scripts().get_heads())


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", current_app.extensions["migrate"].directory)
    return ScriptDirectory.from_config(config)


def _versions(db: SQLAlchemy) -> set[str]:
    with db.engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads())


def run(db: SQLAlchemy) -> None:
    """Run the migrations that Alembic asks for: the body of both services' `env.py`.

    As one writer among others, for processes of the release before may run still; see `shared.database.writing`.
    """
    with turn(db.engine), db.engine.connect() as connection:
        connection.execution_options(**{WRITES: True})
        with _without_foreign_keys(connection):
            _run_on(connection, db)


def _run_on(connection: Connection, db: SQLAlchemy) -> None:
    arguments = current_app.extensions["migrate"].configure_args
    alembic.context.configure(connection=connection, target_metadata=db.Model.metadata, **arguments)
    with alembic.context.begin_transaction():
        alembic.context.run_migrations()


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """Have SQLite not check foreign keys: a batch migration rebuilds tables, and the old one cannot be dropped else.

    The pragma does nothing within a transaction, which SQLAlchemy would begin before it: so the driver is asked.
    """
    driver = connection.connection.driver_connection
    if connection.dialect.name != "sqlite" or driver is None:
        yield
        return
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.rollback()
        driver.execute("PRAGMA foreign_keys=ON")


@contextmanager
def _alone(db: SQLAlchemy) -> Iterator[None]:
    """Hold the right to migrate: a lock file beside a SQLite database, an advisory lock on PostgreSQL."""
    engine = db.engine
    if engine.dialect.name == "sqlite":
        with Path(f"{engine.url.database}.migrating").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": _LOCK_NUMBER})
        connection.commit()  # the session's lock stays, and no transaction idles while the migrations run
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": _LOCK_NUMBER})
