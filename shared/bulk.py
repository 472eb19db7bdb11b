"""Many rows by one step of the database, for the hot paths.

Python's SQLite driver gives up the interpreter's lock for every row that it steps over, and beside busy threads it
waits for it each time: a turn of 64 deliveries beside 32 sending threads did that 550 times, which took longer than
all the rest of it. Here SQLite gets all rows of a statement at once and gives all rows of a query as one JSON text.
PostgreSQL's driver has no such cost, but a statement for each row has: it gets the rows of a statement as arrays.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import namedtuple
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    ClauseElement,
    ColumnElement,
    Connection,
    CursorResult,
    Dialect,
    FromClause,
    Select,
    String,
    bindparam,
    case,
    func,
    select,
)
from sqlalchemy.dialects import registry
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

_POSTGRESQL: Dialect = registry.load("postgresql")()
_MOST_ROWS = 128  # in one statement; SQLite takes 32,766 values


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


class Statement:
    """A statement that is compiled once: SQLAlchemy's own way costs as much as a short statement.

    A list of ids is given by `among`; with `IN` and a list it raises TypeError when it is first executed.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compile = cache(self._compiling)

    def execute(self, connection: Connection, values: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute it, all its bound values given by name, and return what the driver gives."""
        sql, parameters = self._compile(connection.dialect)
        return connection.exec_driver_sql(sql, parameters(values))

    def _compiling(self, dialect: Dialect) -> tuple[str, Callable[[Mapping[str, Any]], Any]]:
        """Return the statement, and what makes the driver's parameters of values."""
        compiled: Any = self._statement.compile(dialect=dialect)
        if compiled.post_compile_params:
            raise TypeError("A list for IN is written into the statement each time anew; use among().")
        names = compiled.positiontup if compiled.positional else list(compiled.binds)
        bound = [compiled.binds[name] for name in names]
        fixed = {value.key: value.value for value in bound if not value.required}
        types = [value.type.dialect_impl(dialect) for value in bound]
        writers = [(value.key, kind.bind_processor(dialect)) for value, kind in zip(bound, types, strict=True)]
        sql = str(compiled)
        if not compiled.positional:
            for name, kind in zip(names, types, strict=True):
                if isinstance(kind, _Ids):  # binary, as in `_Bulk`
                    sql = sql.replace(f"%({name})s", f"%({name})b")

        def parameters(values: Mapping[str, Any]) -> Any:
            given = {**fixed, **values}
            written = [write(given[key]) if write else given[key] for key, write in writers]
            return tuple(written) if compiled.positional else dict(zip(names, written, strict=True))

        return sql, parameters


class Rows:
    """A query whose rows are fetched all at once; they keep its order when it has a limit (SQLite keeps it then)."""

    def __init__(self, query: Select[*tuple[Any, ...]]) -> None:
        inner = query.subquery()
        cells = [_as_json(column) if isinstance(column.type, JSON) else column for column in inner.c]
        self._plain = Statement(query)
        self._packed = Statement(select(func.json_group_array(func.json_array(*cells))).select_from(inner))
        self._types = [NullType() if isinstance(column.type, JSON) else column.type for column in inner.c]
        row: Any = namedtuple("Row", inner.c.keys())  # type: ignore[misc]  # noqa: PYI024  # fields of the query
        self._make = row._make
        self._unpack = cache(self._unpacking)

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """Return the rows, with their columns as attributes."""
        if connection.dialect.name == "sqlite":
            rows = json.loads(self._packed.execute(connection, values).scalar_one())
        else:
            rows = list(map(list, self._plain.execute(connection, values).all()))
        if unpack := self._unpack(connection.dialect):
            for row in rows:
                for place, read in unpack:
                    row[place] = read(row[place])
        return [self._make(row) for row in rows]

    def _unpacking(self, dialect: Dialect) -> list[tuple[int, Callable[[Any], Any]]]:
        """Return the places whose values are not what the driver makes of them, and how to read these."""
        readers = [kind.dialect_impl(dialect).result_processor(dialect, None) for kind in self._types]
        return [(place, read) for place, read in enumerate(readers) if read is not None]


def _as_json(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column's JSON, or null where it holds none: SQLite would give no row at all for the sake of that one."""
    return case((func.json_valid(column), func.json(column)), else_=None)


class _Bulk(ABC):
    """Writes rows that come as tuples in the order of `names`, in the driver's own types: moments as microseconds,
    JSON as text. The first value of a row is never None."""

    def __init__(self, table: FromClause, names: Sequence[str]) -> None:
        self._table = table
        self._names = tuple(names)
        self._given = tuple(f"column{place + 1}" for place in range(len(names)))  # as SQLite calls those of VALUES
        self._on_sqlite = cache(self._write_for_sqlite)
        types = [table.c[name].type.compile(dialect=_POSTGRESQL) for name in names]
        # The columns of all rows as arrays: one statement, planned once, however many rows there are. Binary (%b):
        # written as text, by Python, arrays took three times as long.
        arrays = ", ".join(f"%b::{name}[]" for name in types)
        self._on_postgresql = self._write(f"unnest({arrays}) AS v({', '.join(self._given)})")

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write the rows."""
        if connection.dialect.name == "sqlite":
            for start in range(0, len(rows), _MOST_ROWS):
                some = rows[start : start + _MOST_ROWS]
                size = 1 << (len(some) - 1).bit_length()
                values = [value for row in some for value in row]
                values += [None] * (len(self._names) * (size - len(some)))
                connection.exec_driver_sql(self._on_sqlite(size), tuple(values))
        elif rows:
            connection.exec_driver_sql(self._on_postgresql, tuple([list(column) for column in zip(*rows, strict=True)]))

    def _write_for_sqlite(self, size: int) -> str:
        """Return the statement for up to `size` rows, a power of two, so that there are few of them to compile."""
        row = f"({', '.join('?' * len(self._names))})"
        return self._write(f"(VALUES {', '.join([row] * size)}) AS v")

    @abstractmethod
    def _write(self, source: str) -> str:
        """Return the statement that reads the rows from `source`, and passes over those of None."""


class BulkInsert(_Bulk):
    """Inserts rows."""

    def _write(self, source: str) -> str:
        columns = ", ".join(self._names)
        return f"INSERT INTO {self._table} ({columns}) SELECT * FROM {source} WHERE v.column1 IS NOT NULL"  # noqa: S608


class BulkUpdate(_Bulk):
    """Updates rows found by their `names[0]`; to the columns in `added` it adds."""

    def __init__(self, table: FromClause, names: Sequence[str], added: Collection[str] = ()) -> None:
        self._added = added
        super().__init__(table, names)

    def _write(self, source: str) -> str:
        (key, key_given), *pairs = zip(self._names, self._given, strict=True)
        changes = [
            f"{name} = {f'{self._table}.{name} + ' if name in self._added else ''}v.{value}" for name, value in pairs
        ]
        return (
            f"UPDATE {self._table} SET {', '.join(changes)} FROM {source}"  # noqa: S608  # names of ours
            f" WHERE {self._table}.{key} = v.{key_given}"
        )
