"""Connections are kept, replaced when they have gone stale, and lead to the judged address only."""

from __future__ import annotations

import errno
import io
import os
import resource
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from urllib3.util import connection

from shared import clock
from shared.exchange import Limits
from shared.http import Door, idle, watchdog
from shared.http.attempt import Attempt, running
from shared.http.idle import MAX_IDLE, Idle
from shared.netguard import AllowedTargets
from tests.shared.certificates import Authority
from tests.shared.doors import LOCAL, PATIENT, post, resolving
from tests.shared.endpoints import HEAD, OK, Behaviour, Peer, answering, listening, serving

READ_AT_ONCE = io.DEFAULT_BUFFER_SIZE


def by_connection(first: Behaviour, *others: Behaviour) -> Behaviour:
    """Behave differently on each connection, as the last one on all further ones."""
    behaviours = [first, *others]

    def behave(peer: Peer) -> None:
        behaviours[min(peer.number, len(behaviours)) - 1](peer)

    return behave


def going_stale(begun: bytes = b"", *, reset: bool = False) -> Behaviour:
    """Answer once; read the second request, begin an answer and end the connection."""

    def behave(peer: Peer) -> None:
        peer.read()
        peer.send(OK)
        peer.read()
        peer.send(begun)
        if reset:
            peer.reset()

    return behave


def resetting(peer: Peer) -> None:
    peer.read()
    peer.reset()


@pytest.mark.parametrize("reset", [False, True])
def test_a_kept_connection_that_was_closed_is_replaced(reset: bool) -> None:
    door = Door(LOCAL, PATIENT)
    with listening(by_connection(going_stale(reset=reset), serving())) as endpoint:
        assert [door.send(post(endpoint.url())).outcome.kind for _ in range(3)] == ["succeeded"] * 3
        assert (endpoint.connections, len(endpoint.requests)) == (2, 4)
        door.close()


def test_a_connection_that_was_closed_while_idle_is_not_used() -> None:
    closed = threading.Event()

    def behave(peer: Peer) -> None:
        peer.read()
        peer.send(OK)
        peer.sock.close()
        closed.set()

    door = Door(LOCAL, PATIENT)
    with listening(by_connection(behave, serving())) as endpoint:
        assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        assert closed.wait(30)
        assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        assert (endpoint.connections, len(endpoint.requests)) == (2, 2)
        door.close()


def test_it_is_replaced_only_once() -> None:
    door = Door(LOCAL, PATIENT)
    with listening(by_connection(going_stale(), resetting)) as endpoint:
        assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        assert door.send(post(endpoint.url())).outcome.kind == "reset"
        assert endpoint.connections == 2
        door.close()


def test_a_fresh_connection_that_is_cut_is_a_failure_at_once() -> None:
    with listening(by_connection(resetting, serving())) as endpoint:
        assert Door(LOCAL, PATIENT).send(post(endpoint.url())).outcome.kind == "reset"
        assert endpoint.connections == 1


@pytest.mark.parametrize(("reset", "kind"), [(False, "protocol"), (True, "reset")])
def test_a_kept_connection_on_which_an_answer_began_is_not_replaced(reset: bool, kind: str) -> None:
    door = Door(LOCAL, PATIENT)
    with listening(by_connection(going_stale(HEAD, reset=reset), serving())) as endpoint:
        assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        assert door.send(post(endpoint.url())).outcome.kind == kind
        assert endpoint.connections == 1
        door.close()


@pytest.mark.parametrize(
    "left",
    [
        b"\r\n",
        b"ok" + OK,
        b"HTTP/1.1 ok\r\n",
        b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 408 Request Timeout\r\n\r\n",
    ],
)
def test_what_a_kept_connection_had_left_over_is_no_answer(left: bytes) -> None:
    door = Door(LOCAL, PATIENT)
    with listening(by_connection(going_stale(left), serving())) as endpoint:
        assert [door.send(post(endpoint.url())).outcome.kind for _ in range(3)] == ["succeeded"] * 3
        assert (endpoint.connections, len(endpoint.requests)) == (2, 4)
        door.close()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"garbage\r\n\r\n", "protocol"),
        (b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "http_status"),
    ],
)
def test_on_a_fresh_connection_it_is_one(answer: bytes, kind: str) -> None:
    door = Door(LOCAL, PATIENT)
    with listening(by_connection(going_stale(answer), answering(answer))) as endpoint:
        assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        assert door.send(post(endpoint.url())).outcome.kind == kind
        assert endpoint.connections == 2
        door.close()


def test_an_endpoint_that_keeps_a_connection_may_time_out() -> None:
    slow = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
    door = Door(LOCAL, PATIENT)
    with listening(serving(slow)) as endpoint:
        assert [door.send(post(endpoint.url())).outcome.kind for _ in range(2)] == ["http_status"] * 2
        assert endpoint.connections == 1
        door.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
        OK + b"\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + OK,
    ],
)
@pytest.mark.parametrize("secure", [False, True])
def test_a_connection_on_which_more_came_or_may_come_is_not_used_again(
    answer: bytes, secure: bool, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    door = Door(LOCAL, PATIENT, ca_file=str(authority.file))
    with listening(serving(answer), authority.server("127.0.0.1") if secure else None) as endpoint:
        for _ in range(2):
            assert door.send(post(endpoint.url())).response is not None
        assert (endpoint.connections, len(endpoint.requests)) == (2, 2)
        door.close()


@pytest.mark.parametrize("size", [8_000, READ_AT_ONCE, 12_000])
def test_what_tls_still_holds_is_more_that_came(size: int, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    head = HEAD + b"Content-Length: %d\r\n\r\n"
    length = size - len(head % size)
    answer = head % length + b"a" * length + b"more"  # in one record
    assert len(answer) == size + len(b"more")
    door = Door(LOCAL, PATIENT, ca_file=str(authority.file))
    with listening(serving(answer), authority.server("127.0.0.1")) as endpoint:
        for _ in range(2):
            assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        assert (endpoint.connections, len(endpoint.requests)) == (2, 2)
        door.close()


@pytest.mark.parametrize("length", [b"", b"Content-Length: 0\r\n"])
def test_a_connection_on_which_nothing_can_come_is_used_again(length: bytes) -> None:
    door = Door(LOCAL, PATIENT)
    with listening(serving(b"HTTP/1.1 204 No Content\r\n" + length + b"\r\n")) as endpoint:
        assert [door.send(post(endpoint.url())).outcome.kind for _ in range(2)] == ["succeeded"] * 2
        assert endpoint.connections == 1
        door.close()


def test_a_stale_connection_is_not_replaced_by_another_stale_one() -> None:
    both = threading.Barrier(2)

    def behave(peer: Peer) -> None:
        peer.read()
        both.wait(30)
        peer.send(OK)
        peer.read()

    door = Door(LOCAL, PATIENT)
    with listening(by_connection(behave, behave, serving())) as endpoint:
        threads = [threading.Thread(target=door.send, args=(post(endpoint.url()),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert endpoint.connections == 2
        assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        assert (endpoint.connections, len(endpoint.requests)) == (3, 4)
        door.close()


def test_a_connection_that_was_idle_for_long_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[[], float] = clock.monotonic
    door = Door(LOCAL, PATIENT)
    with listening(serving()) as endpoint:
        for later in (0, MAX_IDLE - 5, 2 * MAX_IDLE, 2 * MAX_IDLE + 1):
            monkeypatch.setattr(clock, "monotonic", lambda later=later: real() + later)
            assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        assert (endpoint.connections, len(endpoint.requests)) == (2, 4)
        door.close()


def test_a_connection_whose_answer_was_cut_is_not_used_again() -> None:
    def behave(peer: Peer) -> None:
        while True:
            peer.read()
            peer.send(HEAD + b"Content-Length: 100000\r\n\r\n" + b"a" * 100_000)

    door = Door(LOCAL, PATIENT)
    with listening(behave) as endpoint:
        for _ in range(2):
            response = door.send(post(endpoint.url())).response
            assert response is not None
            assert response.truncated
        assert endpoint.connections == 2
        door.close()


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        HEAD + b"Connection: Keep-Alive, Close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok",
    ],
)
def test_a_connection_on_which_the_end_of_an_answer_may_be_disputed_is_not_used_again(answer: bytes) -> None:
    door = Door(LOCAL, PATIENT)
    with listening(serving(answer)) as endpoint:
        for _ in range(2):
            response = door.send(post(endpoint.url())).response
            assert response is not None
            assert response.body == b"ok"
        assert (endpoint.connections, len(endpoint.requests)) == (2, 2)
        door.close()


def test_an_answer_whose_last_coding_is_not_chunked_ends_with_its_connection() -> None:
    with listening(answering(HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\nok")) as endpoint:
        response = Door(LOCAL, PATIENT).send(post(endpoint.url())).response
    assert response is not None
    assert response.body == b"ok"


def test_a_connection_for_one_name_is_not_used_for_another_at_the_same_address(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["127.0.0.1"])
    door = Door(LOCAL, PATIENT)
    with listening(serving()) as endpoint:
        for host in ("one.test", "two.test", "one.test"):
            assert door.send(post(endpoint.url(host=host))).outcome.kind == "succeeded"
        assert (endpoint.connections, len(endpoint.requests)) == (2, 3)
        door.close()


def test_an_answer_that_comes_before_the_end_of_the_request_is_read() -> None:
    def behave(peer: Peer) -> None:
        peer.sock.recv(100)
        peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        peer.sit()

    limits = Limits(connect=30, read=0.5, total=30)
    with listening(behave) as endpoint:
        exchange = Door(LOCAL, limits).send(post(endpoint.url(), b"a" * 20_000_000))
    assert exchange.response is not None, exchange.outcome
    assert (exchange.response.status, exchange.response.body) == (413, b"no")


def test_a_blank_before_a_colon_hides_no_length() -> None:
    with listening(serving(HEAD + b"Content-Length : 2\r\n\r\nok")) as endpoint:
        door = Door(LOCAL, PATIENT)
        for _ in range(2):
            exchange = door.send(post(endpoint.url()))
            assert exchange.response is not None
            assert exchange.response.headers == (("Content-Length", "2"),)
        assert endpoint.connections == 1
        door.close()


def test_many_threads_each_get_the_answer_to_their_own_request() -> None:
    def behave(peer: Peer) -> None:
        while True:
            body = peer.read().partition(b"\r\n\r\n")[2]
            peer.send(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    door = Door(LOCAL, PATIENT, connections=3)
    wrong: list[bytes] = []

    def work(index: int) -> None:
        for number in range(25):
            said = b"%d.%d" % (index, number)
            response = door.send(post(endpoint.url(), said)).response
            if response is None or response.body != said:
                wrong.append(said)

    with listening(behave) as endpoint:
        threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(endpoint.requests) == 200
        door.close()
    assert wrong == []


def test_the_next_address_is_tried_when_one_takes_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["::1", "127.0.0.1"])
    with listening(serving()) as endpoint:
        assert Door(LOCAL, PATIENT).send(post(endpoint.url(host="two.test"))).outcome.kind == "succeeded"


def test_one_forbidden_address_among_the_answers_refuses_all(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["127.0.0.1", "10.0.0.1"])
    with listening(serving()) as endpoint:
        outcome = Door(LOCAL, PATIENT).send(post(endpoint.url(host="mixed.test"))).outcome
        assert endpoint.connections == 0
    assert outcome.kind == "blocked"
    assert outcome.detail.startswith("mixed.test resolves to a private address")


def test_a_name_is_looked_up_once_so_that_a_second_answer_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolving(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
    with listening(serving()) as endpoint:
        door = Door(LOCAL, PATIENT)
        assert door.send(post(endpoint.url(host="rebound.test"))).outcome.kind == "succeeded"
        assert asked == ["rebound.test"]
        outcome = door.send(post(endpoint.url(host="rebound.test"))).outcome
        assert (outcome.kind, len(endpoint.requests)) == ("blocked", 1)  # judged anew: a kept connection is no way in
        door.close()


def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["169.254.169.254"])
    outcome = Door(AllowedTargets(), PATIENT).send(post("http://metadata.test/")).outcome
    assert outcome.kind == "blocked"
    assert "169.254" not in outcome.detail


def test_no_deadline_can_cut_a_connection_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[bool] = []
    keep = Idle.keep

    def spy(idle: Idle, place: Any, connection: Any) -> None:
        held.append(running.attempt._held is not None)
        keep(idle, place, connection)

    monkeypatch.setattr(Idle, "keep", spy)
    door = Door(LOCAL, PATIENT)
    with listening(serving()) as endpoint:
        for _ in range(2):
            assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        assert (endpoint.connections, held) == (1, [False, False])
        door.close()


def left_alone(gone: threading.Event, *, closes: bool = False) -> Behaviour:
    """Answer, close our half if told so, and tell when the other end has closed too."""

    def behave(peer: Peer) -> None:
        peer.read()
        peer.send(OK)
        if closes:
            peer.sock.shutdown(socket.SHUT_WR)
        if not peer.sock.recv(1):
            gone.set()

    return behave


@pytest.mark.parametrize("closes", [True, False])
def test_an_idle_connection_is_closed_when_the_endpoint_has_closed_it_or_it_is_old(
    closes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "SWEEP_EVERY", 0.02)
    if not closes:
        monkeypatch.setattr(idle, "MAX_IDLE", 0.1)
    gone = threading.Event()
    door = Door(LOCAL, PATIENT)
    with listening(left_alone(gone, closes=closes)) as endpoint:
        assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        assert gone.wait(30)
        door.close()


def test_a_sweep_that_fails_does_not_end_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "SWEEP_EVERY", 0.02)
    sweeps = threading.Semaphore(0)

    def sweep() -> None:
        sweeps.release()
        raise LookupError("oops")

    watching = watchdog.Watchdog(sweep)
    attempt = Attempt(PATIENT, clock.monotonic(), watching.lock)
    watching.watch(attempt)
    assert all(sweeps.acquire(timeout=30) for _ in range(2))
    watching.forget(attempt)
    watching.close()


def test_a_connection_that_the_endpoint_keeps_is_not_swept() -> None:
    door = Door(LOCAL, PATIENT)
    with listening(serving()) as endpoint:
        for _ in range(2):
            assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
            door._adapter.idle.sweep()
        assert endpoint.connections == 1
        door.close()


def test_no_more_connections_wait_than_half_of_what_the_process_may_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (6, 1024))
    door = Door(LOCAL, PATIENT)
    with ExitStack() as stack:
        endpoints = [stack.enter_context(listening(serving())) for _ in range(5)]
        for endpoint in [*endpoints, *reversed(endpoints)]:
            assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        assert [endpoint.connections for endpoint in endpoints] == [2, 2, 1, 1, 1]
        door.close()


@pytest.mark.parametrize(("soft", "number"), [(1024, 512), (1_000_000, 4096), (resource.RLIM_INFINITY, 4096)])
def test_how_many_may_wait_follows_the_limit_of_the_process(
    soft: int, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (soft, resource.RLIM_INFINITY))
    assert idle.most() == number


def test_idle_connections_make_room_when_no_more_can_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[socket.socket] = []
    real: Callable[..., socket.socket] = connection.create_connection

    def create(*args: Any, **options: Any) -> socket.socket:
        if any(sock.fileno() != -1 for sock in opened):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        opened.append(real(*args, **options))
        return opened[-1]

    monkeypatch.setattr(connection, "create_connection", create)
    door = Door(LOCAL, PATIENT)
    with listening(serving()) as first, listening(serving()) as second:
        assert door.send(post(first.url())).outcome.kind == "succeeded"
        assert door.send(post(second.url())).outcome.kind == "succeeded"
        assert (first.connections, second.connections) == (1, 1)
        door.close()
    assert len(opened) == 2


def test_without_idle_connections_there_is_no_room_to_make(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[object] = []

    def create(*args: Any, **_options: Any) -> socket.socket:
        tries.append(args)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(connection, "create_connection", create)
    outcome = Door(LOCAL, PATIENT).send(post("http://127.0.0.1:9/")).outcome
    assert (outcome.kind, outcome.detail) == ("internal", "No connection could be opened: Too many open files.")
    assert len(tries) == 1
