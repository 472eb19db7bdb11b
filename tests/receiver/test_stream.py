"""Live streams of a real gunicorn: nothing is lost, nobody is kept from capturing, and a stop is not held up."""

from __future__ import annotations

import json
import signal
from contextlib import ExitStack
from itertools import islice

from sqlalchemy import delete

from receiver.models import Bin
from receiver.services.batch import CHANGES
from shared import changes, database
from shared.web import streams
from tests.receiver.events import Stream
from tests.receiver.raw_requests import post

RECEIVER = {"RECEIVER_WORKERS": "1"}


def path(served, after=""):
    return f"/api/v1/bins/{served.slug}/stream{after}"


def capture(served, *bodies):
    for body in bodies:
        assert served.server.send(post(served, body)).status == 200


def positions(stream, count):
    return [event.data["position"] for event in islice(stream, count)]


def test_a_capture_is_told_as_the_api_tells_it(served):
    with Stream(served.server, path(served)) as stream:
        assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert stream.headers["cache-control"] == "no-cache"
        capture(served, b"hello")
        event = next(stream)
        (row,) = served.captures()
        assert (event.id, event.data["id"], event.data["body_size"]) == ("1", row.id, 5)
        assert stream.retry == 2000


def test_every_window_hears_of_every_capture(served):
    with ExitStack() as stack:
        streams = [stack.enter_context(Stream(served.server, path(served))) for _ in range(3)]
        capture(served, b"1", b"2", b"3")
        assert [positions(stream, 3) for stream in streams] == [[1, 2, 3]] * 3


def test_a_new_stream_begins_with_what_comes(served):
    capture(served, b"before")
    with Stream(served.server, path(served)) as stream:
        capture(served, b"after")
        assert positions(stream, 1) == [2]


def test_a_stream_that_broke_goes_on_without_loss(served):
    with Stream(served.server, path(served)) as stream:
        capture(served, b"1")
        last = next(stream).id
    capture(served, b"2", b"3")
    with Stream(served.server, path(served), last_id=last) as stream:
        assert positions(stream, 2) == [2, 3]
        capture(served, b"4")
        assert positions(stream, 1) == [4]


def test_the_address_can_say_where_to_begin_and_the_header_counts_more(served):
    capture(served, b"1", b"2", b"3")
    with Stream(served.server, path(served, "?after=0")) as stream:
        assert positions(stream, 3) == [1, 2, 3]
    with Stream(served.server, path(served, "?after=0"), last_id="2.17") as stream:
        assert positions(stream, 1) == [3]


def test_an_id_from_the_future_or_from_nowhere_begins_with_what_comes(served):
    capture(served, b"1")
    for nonsense in ("999", "x", "²"):
        with Stream(served.server, path(served), last_id=nonsense.encode().decode("latin-1")) as stream:
            capture(served, b"next")
            assert positions(stream, 1) == [served.bin().captured_count]


def test_many_missed_captures_all_come(served):
    capture(served, *(b"%d" % number for number in range(250)))
    with Stream(served.server, path(served, "?after=0")) as stream:
        assert positions(stream, 250) == list(range(1, 251))


def test_streams_are_capped_below_the_threads_and_captures_go_on(own_server):
    settings = {"RECEIVER_WORKERS": "1", "RECEIVER_THREADS": "8", "RECEIVER_MAX_STREAMS": "100"}
    with own_server(**settings) as served, ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(Stream(served.server, path(served)))
        refused = stack.enter_context(Stream(served.server, path(served)))
        assert refused.status == 503
        assert int(refused.headers["retry-after"]) > 0
        capture(served, b"still captured")


def test_a_closed_window_frees_its_place(own_server):
    with own_server(RECEIVER_WORKERS="1", RECEIVER_MAX_STREAMS="1") as served:
        with Stream(served.server, path(served)) as stream:
            assert stream.status == 200
        statuses = []
        while 200 not in statuses:
            with Stream(served.server, path(served)) as stream:
                statuses.append(stream.status)
        assert set(statuses) <= {200, 503}


def test_the_stream_of_a_deleted_bin_ends(served):
    with Stream(served.server, path(served)) as stream:
        with database.writing_connection(served.engine) as connection:
            connection.execute(delete(Bin).where(Bin.slug == served.slug))
            changes.announce(connection, CHANGES)
        assert list(stream) == []


def test_a_stream_needs_the_token(served):
    with Stream(served.server, path(served), headers="") as stream:
        assert stream.status == 401


def test_open_streams_do_not_hold_up_a_stop(own_server):
    with own_server(RECEIVER_WORKERS="2") as served, ExitStack() as stack:
        streams = [stack.enter_context(Stream(served.server, path(served))) for _ in range(6)]
        capture(served, b"1")
        assert [positions(stream, 1) for stream in streams] == [[1]] * 6
        served.server.process.terminate()
        assert [list(stream) for stream in streams] == [[]] * 6  # ended well: the last chunk came
        assert served.server.stop() == 0
    assert b"SIGKILL" not in served.server.log.read_bytes()


def test_a_quiet_stream_is_pinged_so_that_proxies_keep_it(api, monkeypatch):
    monkeypatch.setattr(streams, "PING_SECONDS", 0.02)
    monkeypatch.setattr(streams, "_LOOK_SECONDS", 0.02)
    api("POST", "/bins", {"slug": "orders"})
    answer = api("GET", "/bins/orders/stream")
    texts = [text.decode() for text in islice(answer.response, 10)]
    answer.close()
    assert texts[0] == "retry: 2000\n\n"
    assert texts[1:] == [": ping\n\n"] * 9


def test_an_interrupt_ends_open_streams_too(own_server):
    with own_server() as served, ExitStack() as stack:
        streams = [stack.enter_context(Stream(served.server, path(served))) for _ in range(4)]
        capture(served, b"1")
        assert [positions(stream, 1) for stream in streams] == [[1]] * 4
        assert served.server.stop(signal.SIGINT) == 0
    assert b"SIGKILL" not in served.server.log.read_bytes()


def test_an_unread_problem_is_json_too(served):
    with Stream(served.server, "/api/v1/bins/none/stream") as stream:
        assert stream.status == 404
        body = stream.file.read(int(stream.headers["content-length"]))
        assert json.loads(body)["title"] == "Not found"
