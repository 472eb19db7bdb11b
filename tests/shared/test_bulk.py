"""Many rows in one step: on both databases the same as one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    select,
    update,
)

from shared.bulk import BulkInsert, BulkUpdate, Rows, Statement, among
from shared.database import Instant, prepare_engine, writing_connection
from shared.moments import microseconds
from tests.databases import empty_engine

NOON = datetime(2026, 2, 12, 12, 0, 0, 123456, tzinfo=UTC)
THINGS = Table(
    "things",
    MetaData(),
    Column("id", String(20), primary_key=True),
    Column("number", Integer),
    Column("at", Instant()),
    Column("words", String(100)),
    Column("good", Boolean),
    Column("facts", JSON),
    Column("body", LargeBinary),
)
NAMES = ("id", "number", "at", "words", "good", "facts", "body")
WORDS = 'it\'s "quoted", äöü 😀\n\\'
ALL = Rows(select(*(THINGS.c[name] for name in NAMES[:-1])).order_by(THINGS.c.id).limit(bindparam("limit")))
TOUCH = Statement(
    update(THINGS)
    .where(among(THINGS.c.id, "ids"), THINGS.c.at < bindparam("before"))
    .values(words="100 % touched", good=None, at=bindparam("b_at"))
)
SOME = Rows(select(THINGS.c.id).where(among(THINGS.c.id, "ids")).order_by(THINGS.c.id).limit(1000))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    with empty_engine(request.param, request, tmp_path) as engine:
        THINGS.metadata.create_all(engine)
        yield engine


def at(number: int) -> datetime:
    return NOON + timedelta(microseconds=number)


def insert(engine: Engine, count: int) -> None:
    rows = [
        (f"id-{number:03}", number, microseconds(at(number)), WORDS, number % 2 == 0, '[{"a": null}]', b"\x00\xff")
        for number in range(count)
    ]
    with writing_connection(engine) as connection:
        BulkInsert(THINGS, NAMES).run(connection, rows)


def rows_of(engine: Engine) -> list[tuple]:
    with engine.connect() as connection:
        return [tuple(row) for row in ALL.all(connection, {"limit": 1000})]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 64, 65, 128, 129, 300])
def test_rows_come_back_as_they_were_inserted_with_the_types_of_their_columns(engine, count):
    insert(engine, count)
    assert rows_of(engine) == [
        (f"id-{number:03}", number, at(number), WORDS, number % 2 == 0, [{"a": None}]) for number in range(count)
    ]
    with engine.connect() as connection:
        assert set(connection.scalars(select(THINGS.c.body))) <= {b"\x00\xff"}


def test_rows_have_their_columns_as_attributes(engine):
    insert(engine, 1)
    with engine.connect() as connection:
        (row,) = ALL.all(connection, {"limit": 1})
    assert (row.id, row.at, row.good) == ("id-000", NOON, True)


def test_rows_are_set_and_added_to_and_others_are_left_alone(engine):
    insert(engine, 100)
    changes = [(f"id-{number:03}", 1000, None, f"{WORDS} {number}") for number in range(0, 100, 3)]
    with writing_connection(engine) as connection:
        BulkUpdate(THINGS, ("id", "number", "at", "words"), added=("number",)).run(connection, changes)
        BulkUpdate(THINGS, ("id", "number")).run(connection, [])
        BulkUpdate(THINGS, ("id", "number")).run(connection, [("id-unknown", 1)])
    for number, row in enumerate(rows_of(engine)):
        changed = (1000 + number, None, f"{WORDS} {number}")
        assert row[1:4] == (changed if number % 3 == 0 else (number, at(number), WORDS))


@pytest.mark.parametrize("ids", [[], ["id-003"], ["id-004", "id-001", "it's none"], [f"id-{n:03}" for n in range(10)]])
def test_among_finds_those_that_are_there(engine, ids):
    insert(engine, 5)
    with engine.connect() as connection:
        found = [row.id for row in SOME.all(connection, {"ids": ids})]
    assert found == sorted(one for one in ids if one in {f"id-{number:03}" for number in range(5)})


def test_a_statement_takes_given_and_fixed_values_each_time_anew(engine):
    insert(engine, 6)
    with writing_connection(engine) as connection:
        first = TOUCH.execute(connection, {"ids": ["id-000", "id-005"], "before": at(5), "b_at": at(90)})
        second = TOUCH.execute(connection, {"ids": ["id-001", "id-002", "id-003"], "before": at(5), "b_at": at(91)})
        counts = first.rowcount, second.rowcount
    assert counts == (1, 3)
    touched = [at(90), at(91), at(91), at(91)]
    assert [(row[2], row[3], row[4]) for row in rows_of(engine)] == [
        *[(moment, "100 % touched", None) for moment in touched],
        (at(4), WORDS, True),
        (at(5), WORDS, False),
    ]


def test_sqlite_takes_and_gives_all_rows_in_one_step_and_uses_the_index(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    prepare_engine(engine)
    THINGS.metadata.create_all(engine)
    seen = []
    event.listen(engine, "before_cursor_execute", lambda *call: seen.append(call[2:4]))
    insert(engine, 64)
    with engine.connect() as connection:
        SOME.all(connection, {"ids": ["id-001", "id-002"]})
        with_id = seen[-1]
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {with_id[0]}", with_id[1])]
    assert [statement.split()[0] for statement, _ in seen[:4]] == ["BEGIN", "INSERT", "BEGIN", "SELECT"]
    assert "SEARCH things USING COVERING INDEX sqlite_autoindex_things_1 (id=?)" in plan
    engine.dispose()


def test_json_that_is_none_hides_no_other_row_on_sqlite(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    prepare_engine(engine)
    THINGS.metadata.create_all(engine)
    insert(engine, 2)
    with writing_connection(engine) as connection:
        connection.exec_driver_sql("UPDATE things SET facts = '{' WHERE id = 'id-000'")
    assert [row[-1] for row in rows_of(engine)] == [None, [{"a": None}]]
    engine.dispose()


def test_a_list_for_in_is_refused_by_a_statement(engine):
    listed = Statement(update(THINGS).where(THINGS.c.id.in_(["id-000"])).values(words="touched"))
    with writing_connection(engine) as connection, pytest.raises(TypeError, match="among"):
        listed.execute(connection, {})
