from __future__ import annotations

import pytest
from sqlalchemy import delete, event

from receiver.models import Bin
from receiver.services.intake import Intake
from shared import database
from shared.errors import Busy, NotFound
from tests.receiver.factories import NOW, add_bin, captures_of, make_captured


@pytest.fixture
def intake(engine):
    intake = Intake(engine)
    yield intake
    intake.close()


def test_a_bin_is_known_from_its_first_moment_on(engine, intake):
    assert not intake.knows("orders")
    add_bin(engine)
    assert intake.knows("orders")
    assert not intake.knows("Orders")


def test_a_known_bin_is_not_looked_up_again(engine, intake):
    add_bin(engine)
    intake.knows("orders")
    event.listen(engine, "before_cursor_execute", lambda *_: pytest.fail("asked the database"))
    assert intake.knows("orders")


def test_a_capture_is_stored(engine, intake):
    add_bin(engine)
    stored = intake.store("orders", make_captured(), NOW)
    assert [row.id for row in captures_of(engine)] == [stored.id]


def test_a_deleted_bin_is_forgotten(engine, intake):
    add_bin(engine)
    assert intake.knows("orders")
    with database.writing_connection(engine) as connection:
        connection.execute(delete(Bin))
    with pytest.raises(NotFound):
        intake.store("orders", make_captured(), NOW)
    assert not intake.knows("orders")


def test_it_is_busy_when_the_database_cannot_be_asked(engine, intake):
    @event.listens_for(engine, "do_execute")
    def fail(*_):
        raise engine.dialect.dbapi.OperationalError("gone")

    with pytest.raises(Busy):
        intake.knows("orders")


def test_a_closed_intake_is_busy(engine, intake):
    add_bin(engine)
    intake.close()
    with pytest.raises(Busy):
        intake.store("orders", make_captured(), NOW)
