"""Many rows by one step of the database, for the hot paths.

Python's SQLite driver gives up the interpreter's lock for every row that it steps over, and beside busy threads it
waits for it each time: a turn of 64 deliveries beside 32 sending threads did that 550 times, which took longer than
all the rest of it. Here SQLite gets all rows of a statement at once and gives all rows of a query as one JSON text.
PostgreSQL's driver has no such cost and gets plain statements.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Dialect,
    FromClause,
    Select,
    String,
    bindparam,
    func,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

_MOST_ROWS = 64  # in one statement; SQLite takes 32,766 values


class _Ids(TypeDecorator[Sequence[str]]):
    """Ids as one bound value: a JSON array for SQLite, an array for PostgreSQL."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the bound value."""
        return dialect.type_descriptor(ARRAY(String()) if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> Any:
        """Return the bound value."""
        return list(value or ()) if dialect.name == "postgresql" else json.dumps(list(value or ()))


class _Among(FunctionElement[Any]):
    type = NullType()  # not Boolean: on SQLite that would become `… = 1`, for which no index is used
    inherit_cache = True


@compiles(_Among)
def _among_json(element: Any, compiler: Any, **options: Any) -> str:
    column, ids = [compiler.process(clause, **options) for clause in element.clauses]
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608  # compiled clauses


@compiles(_Among, "postgresql")
def _among_array(element: Any, compiler: Any, **options: Any) -> str:
    column, ids = [compiler.process(clause, **options) for clause in element.clauses]
    return f"{column} = ANY({ids})"


def among(column: Any, name: str) -> ColumnElement[bool]:
    """Return the condition that `column` is one of the ids bound as `name`, of which there may be any number.

    `IN` with a list makes another statement for each length of the list, which is written and read anew each time.
    """
    return _Among(column, bindparam(name, type_=_Ids()))


class Rows:
    """A query whose rows are fetched all at once; they keep its order when it has a limit (SQLite keeps it then)."""

    def __init__(self, query: Select[*tuple[Any, ...]]) -> None:
        self._query = query
        inner = query.subquery()
        self._packed = select(func.json_group_array(func.json_array(*inner.c))).select_from(inner)
        self._types = [column.type for column in inner.c]
        row: Any = namedtuple("Row", inner.c.keys())  # type: ignore[misc]  # noqa: PYI024  # fields of the query
        self._make = row._make
        self._unpack = cache(self._unpacking)

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """Return the rows, with their columns as attributes."""
        if connection.dialect.name != "sqlite":
            return list(connection.execute(self._query, values))
        rows = json.loads(connection.execute(self._packed, values).scalar_one())
        if unpack := self._unpack(connection.dialect):
            for row in rows:
                for place, read in unpack:
                    row[place] = read(row[place])
        return [self._make(row) for row in rows]

    def _unpacking(self, dialect: Dialect) -> list[tuple[int, Callable[[Any], Any]]]:
        """Return the places whose values are not what JSON makes of them, and how to read these."""
        readers = [kind.dialect_impl(dialect).result_processor(dialect, None) for kind in self._types]
        return [(place, read) for place, read in enumerate(readers) if read is not None]


class BulkInsert:
    """Inserts rows that come as tuples in the order of `names`, in the driver's own types: moments as microseconds,
    JSON as text."""

    def __init__(self, table: FromClause, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._into = f"INSERT INTO {table} ({', '.join(names)}) VALUES"
        self._for_one = f"{self._into} ({', '.join(f'%({name})s' for name in names)})"
        self._for_so_many = cache(self._write)

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert the rows."""
        if connection.dialect.name == "sqlite":
            for some in _chunks(rows):
                connection.exec_driver_sql(
                    self._for_so_many(len(some)), tuple([value for row in some for value in row])
                )
        else:
            _run_for_each(connection, self._for_one, self._names, rows)

    def _write(self, count: int) -> str:
        row = f"({', '.join('?' * len(self._names))})"
        return f"{self._into} {', '.join([row] * count)}"


class BulkUpdate:
    """Updates rows found by their `names[0]`; to the columns in `added` it adds. Rows come as for `BulkInsert`."""

    def __init__(self, table: FromClause, names: Sequence[str], added: Collection[str] = ()) -> None:
        self._names = tuple(names)
        self._for_all = self._write(
            table,
            added,
            [f"json_extract(v.value, '$[{place}]')" for place in range(len(names))],
            "FROM json_each(?) AS v",
        )
        self._for_one = self._write(table, added, [f"%({name})s" for name in names])

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Update the rows."""
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(self._for_all, (json.dumps(rows),))
        else:
            _run_for_each(connection, self._for_one, self._names, rows)

    def _write(self, table: FromClause, added: Collection[str], values: Sequence[str], source: str = "") -> str:
        (key, key_value), *pairs = zip(self._names, values, strict=True)
        changes = ", ".join(f"{name} = {f'{table}.{name} + ' if name in added else ''}{value}" for name, value in pairs)
        return f"UPDATE {table} SET {changes} {source} WHERE {table}.{key} = {key_value}"  # noqa: S608  # names of ours


def _run_for_each(connection: Connection, sql: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(sql, [dict(zip(names, row, strict=True)) for row in rows])


def _chunks(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield the rows by powers of two, so that there are few statements to compile."""
    start = 0
    while left := len(rows) - start:
        size = min(_MOST_ROWS, 1 << left.bit_length() - 1)
        yield rows[start : start + size]
        start += size
