from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import IntegrityError

from receiver.models import Bin
from receiver.services.writer import CaptureWriter
from shared import database
from shared.errors import Busy, NotFound
from tests.receiver.factories import add_bin, bin_of, captures_of, make_arrived


@pytest.fixture
def writer(engine):
    writer = CaptureWriter(engine)
    yield writer
    writer.close()


@pytest.fixture
def held(engine):
    """The right to write, held by the test, so that captures gather into one batch."""
    holding, release = threading.Event(), threading.Event()

    def hold():
        with database.writing_connection(engine) as connection:
            connection.execute(text("SELECT 1 FROM bins FOR UPDATE" if engine.name == "postgresql" else "SELECT 1"))
            holding.set()
            release.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait()
    yield release
    release.set()
    thread.join()


def commits_of(engine):
    seen = []
    event.listen(engine, "commit", seen.append)
    return seen


def test_a_capture_is_committed_before_its_future_is_done(engine, writer):
    add_bin(engine)
    stored = writer.submit(make_arrived()).result(10)
    assert [row.id for row in captures_of(engine)] == [stored.id]


def test_captures_of_many_threads_all_get_their_own_place(engine, writer):
    add_bin(engine)
    with ThreadPoolExecutor(16) as pool:
        stored = list(pool.map(lambda n: writer.submit(make_arrived(query=str(n))).result(30), range(300)))
    rows = captures_of(engine)
    assert [row.position for row in rows] == list(range(1, 301))
    by_id = {row.id: row for row in rows}
    for number, one in enumerate(stored):
        assert (by_id[one.id].position, by_id[one.id].query) == (one.position, str(number))
    assert bin_of(engine).captured_count == bin_of(engine).stored_count == 300


def test_what_waits_together_is_committed_together(engine, writer, request):
    add_bin(engine)
    release = request.getfixturevalue("held")
    seen = commits_of(engine)
    futures = [writer.submit(make_arrived()) for _ in range(20)]
    release.set()
    assert [future.result(30).position for future in futures] == list(range(1, 21))
    assert len(seen) <= 3  # the holder's, one for the first capture, one for all that came meanwhile


def test_one_that_cannot_be_stored_does_not_take_the_others_with_it(engine, writer, request):
    add_bin(engine)
    release = request.getfixturevalue("held")
    bad = make_arrived(method=None)
    futures = [writer.submit(arrived) for arrived in (make_arrived(), make_arrived(), bad, make_arrived())]
    release.set()
    with pytest.raises(IntegrityError):
        futures[2].result(30)
    assert [futures[n].result(30).position for n in (0, 1, 3)] == [1, 2, 3]
    assert bin_of(engine).captured_count == len(captures_of(engine)) == 3


def test_a_bin_that_is_gone_is_not_found(engine, writer):
    add_bin(engine)
    gone, here = writer.submit(make_arrived("gone")), writer.submit(make_arrived())
    with pytest.raises(NotFound):
        gone.result(10)
    assert here.result(10).position == 1


def test_a_database_that_fails_makes_it_busy_and_nothing_is_stored(engine, writer):
    add_bin(engine)
    with database.writing_connection(engine) as connection:
        connection.execute(text("ALTER TABLE captures RENAME TO elsewhere"))
    missing = writer.submit(make_arrived())
    error = missing.exception(10)
    assert error is not None
    with database.writing_connection(engine) as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO captures"))
    assert bin_of(engine).captured_count == 0
    assert writer.submit(make_arrived()).result(10).position == 1  # the thread lives on


def test_a_locked_database_is_reported_as_busy(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'r.sqlite3'}", connect_args={"timeout": 0.01})
    event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    Bin.metadata.create_all(engine)
    writer = CaptureWriter(engine)
    with engine.connect() as connection, connection.begin(), pytest.raises(Busy):
        writer.submit(make_arrived()).result(10)
    writer.close()
    engine.dispose()


def test_closing_stores_what_was_submitted_and_refuses_more(engine, request):
    writer = CaptureWriter(engine)
    add_bin(engine)
    release = request.getfixturevalue("held")
    futures = [writer.submit(make_arrived()) for _ in range(5)]
    closing = threading.Thread(target=writer.close)
    closing.start()
    release.set()
    closing.join(30)
    assert [future.result(0).position for future in futures] == [1, 2, 3, 4, 5]
    with pytest.raises(Busy):
        writer.submit(make_arrived())


def test_a_writer_that_never_wrote_closes_too(engine):
    CaptureWriter(engine).close()
