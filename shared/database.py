"""What both databases (SQLite and PostgreSQL) need: column types, connections and writing transactions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import structlog
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, BigInteger, Connection, Dialect, Engine, MetaData, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, scoped_session
from sqlalchemy.types import TypeDecorator

from shared import clock
from shared.moments import microseconds, of_microseconds
from shared.turn import turn

T = TypeVar("T")

_log = structlog.get_logger(__name__)

_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)  # with room to reckon
_BUSY_TIMEOUT_SECONDS = 30
_PERSIST_EVERY = 0.5  # seconds between two tries of what an outage made fail
WRITES = "hookloop_writes"  # the execution option of a connection whose transactions write, see `writing`
_UNAVAILABLE = tuple(
    f"SQLITE_{name}" for name in ("BUSY", "CANTOPEN", "FULL", "IOERR", "LOCKED", "PROTOCOL", "READONLY")
)
_INVALID_TRANSACTION_STATE = "25"  # PostgreSQL's class of codes: above all read-only, as after a failover

# A server that goes without a word, as with its host or a network, is noticed within half a minute, not after hours.
_NOTICE_OF_LOSS = {
    "connect_timeout": 10,  # seconds
    "keepalives_idle": 15,  # seconds of silence, after which it is asked whether it is there
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds that what was sent may stay unconfirmed
}

# Nor does the server hold for longer what somebody has locked who vanished amid a transaction, or is frozen: all others
# that need it would stand still, by its own settings for two hours or for ever.
_LONGEST_IDLE = 30.0  # seconds within a transaction

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def named_metadata() -> MetaData:
    """Return metadata whose constraints all have names, which batch migrations on SQLite need."""
    return MetaData(naming_convention=NAMING)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime kept as integer microseconds since 1970: exact, sortable, alike on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return the microseconds of `value`."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the aware UTC datetime of the stored microseconds, the nearest when no calendar has such a moment.

        A row that cannot be read would keep all others from being read with it.
        """
        if value is None:
            return None
        try:
            return min(_LAST, max(_FIRST, of_microseconds(int(value))))
        except OverflowError:
            return _LAST if value > 0 else _FIRST


def connect(app: Flask, db: SQLAlchemy, url: str, *, pool_size: int) -> None:
    """Bind `db` to `url` for `app`; `pool_size` is how many connections the process may hold at once."""
    options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 8, "pool_pre_ping": not is_sqlite(url)}
    options["hide_parameters"] = True  # an error is logged with its statement: payloads and secrets stay out of it
    if is_sqlite(url):
        options["connect_args"] = {"timeout": _BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
    else:
        # Nothing is prepared: a plan made once, for a table that was small, took 100 times as long when it had grown.
        # Planning each time costs nothing that could be measured, and connections may go through a pooler.
        options["connect_args"] = {"prepare_threshold": None, **notice_of_loss(make_url(url))}
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    app.teardown_appcontext(lambda _error: _end_session(db.session))  # comes before Flask-SQLAlchemy's own
    with app.app_context():
        prepare_engine(db.engine)


def notice_of_loss(url: URL) -> dict[str, Any]:
    """Return libpq's settings by which a PostgreSQL that vanished is noticed, but for those that `url` has itself."""
    return {name: value for name, value in _NOTICE_OF_LOSS.items() if name not in url.query}


def prepare_engine(engine: Engine) -> None:
    """Give a SQLite engine its pragmas and explicit transactions, and let nobody hold up a PostgreSQL for long."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    else:
        event.listen(engine, "connect", _bound_idling)


def _end_session(session: scoped_session[Any]) -> None:
    """End what a request has read with; a connection that is lost by then does not spoil the answer, which is made."""
    if not session.registry.has():
        return
    try:
        session.rollback()
    except SQLAlchemyError as error:
        _log.warning("a connection was lost after its last query", error=type(error).__name__)
        session().invalidate()


def is_sqlite(url: str) -> bool:
    """Return whether a database URL names an embedded SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


def is_unavailable(error: DBAPIError) -> bool:
    """Return whether `error` says that the database cannot work now, and not that the statement is at fault.

    SQLite: its result codes (sqlite.org/rescode.html) for a lock, a full disk, and a file that cannot be used.
    PostgreSQL: a lost connection, an operational error, and a transaction that may not write.
    """
    code: str | None = getattr(error.orig, "sqlite_errorname", None)
    if code is not None:
        return code.startswith(_UNAVAILABLE)
    state: str = getattr(error.orig, "sqlstate", None) or ""
    if state.startswith(_INVALID_TRANSACTION_STATE):
        return True
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def is_outage(error: Exception) -> bool:
    """Return whether `error` comes from the database, and what was asked of it may be asked again."""
    return isinstance(error, SQLAlchemyError) and (not isinstance(error, DBAPIError) or is_unavailable(error))


def persist(work: Callable[[], T], deadline: float) -> T:
    """Return what `work` returns, asking again on an outage until `deadline` (monotonic) and once after it.

    Raise what it raised then, and at once what is no outage.
    """
    while True:
        left = deadline - clock.monotonic()
        try:
            return work()
        except SQLAlchemyError as error:
            if left <= 0 or not is_outage(error):
                raise
        time.sleep(min(_PERSIST_EVERY, max(0.0, deadline - clock.monotonic())))


@contextmanager
def writing(session: Session | scoped_session[Any]) -> Iterator[Session]:
    """Run one writing transaction on `session`: commit at the end, roll back on an exception.

    On SQLite it starts with BEGIN IMMEDIATE: a transaction that reads first and writes later fails at once with
    "database is locked" when another writer came between (1,396 times in a trial with four processes). Writers take
    turns, so a thread that is in one writing transaction must not begin another.
    """
    plain: Session = session() if isinstance(session, scoped_session) else session
    plain.rollback()  # ends the read transaction an earlier query of this session may have left open
    with turn(cast("Engine", plain.get_bind())):
        plain.connection(execution_options={WRITES: True})
        try:
            yield plain
            plain.commit()
        except BaseException:
            plain.rollback()
            raise


@contextmanager
def writing_connection(engine: Engine) -> Iterator[Connection]:
    """Run one writing transaction on a Core connection, for the hot paths; the same rules as `writing`."""
    with turn(engine), engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        yield connection


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_TIMEOUT_SECONDS * 1000}",
        "temp_store=MEMORY",
        "cache_size=-16000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _bound_idling(connection: Any, _record: object) -> None:
    # Said afterwards, because poolers take no settings with the connection.
    connection.execute(f"SET idle_in_transaction_session_timeout = {round(_LONGEST_IDLE * 1000)}")
    connection.commit()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
