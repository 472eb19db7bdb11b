"""The databases of the tests: what one test leaves in its own, no other finds."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, func, select, text

from receiver.models import Bin, db
from tests.receiver.conftest import make_app
from tests.receiver.factories import add_bin


@pytest.fixture
def used(databases, tmp_path):
    """Return a function that uses a database of the receiver: it gives the URL and how many bins there were."""

    def used(*statements):
        with databases.migrated("postgresql", tmp_path, make_app, db) as url:
            engine = create_engine(url)
            with engine.begin() as connection:
                found = connection.scalar(select(func.count()).select_from(Bin))
                for statement in statements:
                    connection.execute(text(statement))
            add_bin(engine, "left")
            engine.dispose()
        return url, found

    return used


def test_one_is_used_again_without_its_rows(used):
    first = used()
    assert first[1] == 0
    assert used() == first


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE bins ADD COLUMN odd integer",
        "ALTER TABLE bins ALTER COLUMN name DROP NOT NULL",
        "ALTER TABLE bins ADD CONSTRAINT odd CHECK (slug <> 'odd')",
        "CREATE INDEX odd ON bins (name)",
        "DROP TABLE captures CASCADE",
        "CREATE FUNCTION odd() RETURNS integer LANGUAGE sql RETURN 1",
        "UPDATE alembic_version SET version_num = 'odd'",
        "ALTER TABLE alembic_version RENAME TO odd",
    ],
)
def test_one_whose_tables_were_changed_is_not(used, change):
    first, _ = used(change)
    second, found = used()
    assert (second != first, found) == (True, 0)
