from __future__ import annotations

import threading

import pytest
from sqlalchemy import delete, update

from receiver.models import Bin
from receiver.services import batch
from receiver.services.live import LiveBus
from shared import changes, database
from shared.errors import Busy
from tests.receiver.factories import add_bin, make_arrived


@pytest.fixture
def bus(engine):
    bus = LiveBus(engine, most_streams=3)
    yield bus
    bus.stop()


def store(engine, slug="orders"):
    with database.writing_connection(engine) as connection:
        batch.store(connection, [make_arrived(slug)])


def settle(engine, *ears):
    """Have listeners of different bins hear for the first time, as each does; from then on they hear changes only."""
    for ear in ears:
        while not ear.wait(0.1):  # it may have come after the watcher's first look
            with database.writing_connection(engine) as connection:
                connection.execute(update(Bin).values(name=Bin.name))
                changes.announce(connection, batch.CHANGES)


def test_a_capture_of_any_connection_is_heard(engine, bus):
    with bus.listening(add_bin(engine)) as ear:
        settle(engine, ear)
        store(engine)
        assert ear.wait(10)


def test_every_listener_of_a_bin_hears_and_no_other(engine, bus):
    orders, other = add_bin(engine, "orders"), add_bin(engine, "other")
    with bus.listening(orders) as first, bus.listening(orders) as second, bus.listening(other) as third:
        settle(engine, first, third)
        second.wait(0.1)  # it hears with the first, or came after that
        store(engine)
        assert first.wait(10)
        assert second.wait(10)
        assert not third.wait(0.3)


def test_a_deleted_bin_is_heard(engine, bus):
    with bus.listening(add_bin(engine)) as ear:
        settle(engine, ear)
        with database.writing_connection(engine) as connection:
            connection.execute(delete(Bin))
            changes.announce(connection, batch.CHANGES)
        assert ear.wait(10)


def test_streams_are_limited_and_free_their_place(engine, bus):
    bin_id = add_bin(engine)
    with bus.listening(bin_id), bus.listening(bin_id):
        with bus.listening("another"):
            assert bus.open_streams == 3
            with pytest.raises(Busy), bus.listening(bin_id):
                pass
        with bus.listening(bin_id):
            pass
    assert bus.open_streams == 0


def test_a_bus_that_gets_no_thread_begins_when_there_is_one(engine, bus):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    bin_id = add_bin(engine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(Busy, match="no thread"), bus.listening(bin_id):
            pass
    assert bus.open_streams == 0
    with bus.listening(bin_id) as ear:
        settle(engine, ear)
        store(engine)
        assert ear.wait(10)


def test_stopping_ends_all_waiting_at_once_and_refuses_more(engine, bus):
    bin_id = add_bin(engine)
    with bus.listening(bin_id) as ear:
        settle(engine, ear)
        threading.Thread(target=bus.stop).start()
        assert ear.wait(30)
        assert ear.ended
    with pytest.raises(Busy), bus.listening(bin_id):
        pass


def test_a_bus_that_nobody_listened_to_stops_too(engine):
    bus = LiveBus(engine, 1)
    bus.stop()
    bus.stop()
