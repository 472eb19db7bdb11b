"""Idle connections: closed when they are old or the endpoint has closed them, as few as the process can spare."""

from __future__ import annotations

import errno
import os
import resource
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from urllib3.util import connection

from shared import clock
from shared.http import Door, idle, watchdog
from shared.http.attempt import Attempt, running
from shared.http.idle import Idle
from tests.shared.doors import LOCAL, PATIENT, post
from tests.shared.endpoints import OK, Behaviour, Peer, listening, serving


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
