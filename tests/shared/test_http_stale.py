"""A kept connection that has gone stale is replaced, once, and what it had left over is no answer."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from shared import clock
from shared.http import Door
from shared.http.idle import MAX_IDLE
from tests.shared.doors import LOCAL, PATIENT, post
from tests.shared.endpoints import HEAD, OK, Behaviour, Peer, answering, listening, serving


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


def test_an_answer_that_nobody_asked_for_on_a_waiting_connection_is_not_that_to_the_next_request() -> None:
    asked, sent = threading.Event(), threading.Event()

    def behave(peer: Peer) -> None:
        peer.read()
        peer.send(OK)
        asked.wait(30)
        peer.send(HEAD + b"Content-Length: 5\r\n\r\nfalse")
        sent.set()
        peer.hang()

    door = Door(LOCAL, PATIENT)
    with listening(by_connection(behave, serving())) as endpoint:
        for _ in range(2):
            response = door.send(post(endpoint.url())).response
            assert response is not None
            assert response.body == b"ok"
            asked.set()
            assert sent.wait(30)
        assert endpoint.connections == 2
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
