"""An attempt ends at its deadline although the endpoint would have gone on for ever."""

from __future__ import annotations

import re
import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared import clock
from shared.exchange import Limits
from shared.http import Door
from shared.http.attempt import Attempt
from shared.http.watchdog import Watchdog
from tests.shared.certificates import Authority
from tests.shared.doors import LOCAL, PATIENT, attempt, post
from tests.shared.endpoints import HEAD, OK, Behaviour, Peer, dripping, holding, listening, serving

TOTAL = Limits(connect=30, read=30, total=0.5)
READ = Limits(connect=30, read=0.3, total=30)
LARGE = b"x" * 30_000_000  # more than sockets buffer
SIZED = HEAD + b"Content-Length: 900\r\n\r\n"
UNSIZED = HEAD + b"Connection: close\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def sitting(peer: Peer) -> None:
    peer.sit()


ENDLESS: dict[str, tuple[Behaviour, str]] = {
    "no answer": (holding(b""), r"took the request, but no answer began"),
    "half a head": (holding(HEAD), r"began to answer 200 OK, but the head did not end"),
    "a dripping status": (dripping(b"HTTP/1.1 200", b"K"), r"took the request, but no answer began"),
    "a dripping head": (dripping(HEAD, b"X-A: b\r\n"), r"began to answer 200 OK, but the head did not end"),
    "interim answers": (dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), r"no answer|began to answer 100"),
    "half a body": (holding(SIZED + b"abc"), r"answered 200 OK, but the body did not end"),
    "a dripping body": (dripping(SIZED, b"a"), r"answered 200 OK, but the body did not end"),
    "a dripping body without a length": (dripping(UNSIZED, b"a"), r"answered 200 OK, but the body did not end"),
    "dripping chunks": (dripping(CHUNKED, b"1\r\na\r\n"), r"answered 200 OK, but the body did not end"),
    "a dripping chunk size": (dripping(CHUNKED, b"0"), r"answered 200 OK, but the body did not end"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_an_endless_answer_ends_at_the_deadline(name: str) -> None:
    behave, words = ENDLESS[name]
    exchange = attempt(behave, limits=TOTAL)
    assert (exchange.outcome.kind, exchange.response) == ("timeout", None)
    assert exchange.outcome.detail.startswith("No complete answer within 0.5 seconds: ")
    assert re.search(words, exchange.outcome.detail), exchange.outcome.detail


@pytest.mark.parametrize("name", ["a dripping head", "a dripping body", "a dripping body without a length"])
def test_the_same_over_tls(name: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    behave, words = ENDLESS[name]
    limits = Limits(connect=30, read=30, total=1)
    exchange = attempt(behave, limits=limits, tls=authority.server("127.0.0.1"), ca_file=str(authority.file))
    assert exchange.outcome.kind == "timeout"
    assert re.search(f"{words}|handshake", exchange.outcome.detail), exchange.outcome.detail


def test_an_endpoint_that_does_not_read_ends_at_the_deadline() -> None:
    outcome = attempt(sitting, limits=TOTAL, body=LARGE).outcome
    assert (outcome.kind, outcome.detail.partition(": ")[2]) == (
        "timeout",
        "the endpoint did not take the whole request.",
    )


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (TOTAL, r"within 0\.5 seconds: the TLS handshake did not end"),
        (Limits(connect=0.3, read=30, total=30), r"but not the TLS handshake within 0\.3 seconds"),
    ],
)
def test_a_tls_handshake_that_does_not_come_ends(limits: Limits, words: str) -> None:
    with listening(sitting) as endpoint:
        outcome = Door(LOCAL, limits).send(post(endpoint.url().replace("http:", "https:"))).outcome
    assert outcome.kind == "timeout"
    assert re.search(words, outcome.detail), outcome.detail


@pytest.mark.parametrize("scheme", ["http:", "https:"])
def test_a_deadline_is_told_as_such_also_when_the_socket_notices_it_first(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that cuts attempts may be late, on a machine that is busy."""
    monkeypatch.setattr(Watchdog, "watch", lambda *_: None)
    with listening(holding(b"") if scheme == "http:" else sitting) as endpoint:
        limits = replace(TOTAL, read=TOTAL.total + 0.2)
        outcome = Door(LOCAL, limits).send(post(endpoint.url().replace("http:", scheme))).outcome
    assert outcome.kind == "timeout"
    assert outcome.detail.startswith("No complete answer within 0.5 seconds: ")


@pytest.mark.parametrize(
    ("behave", "body", "words"),
    [
        (holding(b""), b"", r"took the request, then sent nothing for 0\.3 seconds"),
        (holding(HEAD), b"", r"began to answer 200 OK, then sent nothing for 0\.3 seconds"),
        (holding(SIZED), b"", r"answered 200 OK, then sent nothing for 0\.3 seconds"),
        (sitting, LARGE, r"did not take the request within 0\.3 seconds"),
    ],
)
def test_a_silent_endpoint_ends_at_the_read_limit(behave: Behaviour, body: bytes, words: str) -> None:
    outcome = attempt(behave, limits=READ, body=body).outcome
    assert outcome.kind == "timeout"
    assert re.search(words, outcome.detail), outcome.detail


def test_an_endpoint_that_takes_a_large_request_slowly_is_not_a_silent_one() -> None:
    """Taking it all takes longer than the read limit, but there is never so long a pause."""

    def behave(peer: Peer) -> None:
        taken = 0
        while taken < len(LARGE) and (piece := peer.sock.recv(262_144)):
            taken += len(piece)
            peer.endpoint.ended.wait(0.03)
        peer.send(OK)

    exchange = attempt(behave, limits=Limits(connect=30, read=1, total=30), body=LARGE)
    assert exchange.outcome.kind == "succeeded", exchange.outcome


def test_a_look_up_that_hangs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def hang(*_: Any, **_options: Any) -> Any:
        go_on.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    outcome = Door(LOCAL, TOTAL).send(post("http://slow.test/")).outcome
    go_on.set()
    assert outcome.kind == "dns"
    assert re.search(r"slow\.test could not be resolved within 0\.\d+ seconds", outcome.detail), outcome.detail


def test_an_old_deadline_does_not_cut_what_a_new_attempt_uses() -> None:
    watchdog = Watchdog(lambda: None)
    ours, theirs = socket.socketpair()
    old = Attempt(Limits(total=0.05), clock.monotonic(), watchdog.lock)
    new = Attempt(PATIENT, clock.monotonic(), watchdog.lock)
    other, _peer = socket.socketpair()
    cut = Attempt(Limits(total=0.1), clock.monotonic(), watchdog.lock)
    with ours, theirs, other, _peer:
        old.hold(ours)
        assert old.let_go()
        new.hold(ours)
        cut.hold(other)
        for running in (old, new, cut):
            watchdog.watch(running)
        assert other.recv(1) == b""  # the later of the two deadlines has passed
        assert old.expired
        assert not new.expired
        theirs.sendall(b"!")
        assert ours.recv(1) == b"!"
        assert new.let_go()
        assert not cut.let_go()
    watchdog.forget(new)
    watchdog.close()


def test_a_nearer_deadline_is_kept_while_the_thread_sleeps_until_a_later_one() -> None:
    watchdog = Watchdog(lambda: None)
    watchdog.watch(late := Attempt(Limits(total=300), clock.monotonic(), watchdog.lock))
    for _ in range(2):  # after the first the thread sleeps until the late one
        ours, theirs = socket.socketpair()
        with ours, theirs:
            soon = Attempt(Limits(total=0.05), clock.monotonic(), watchdog.lock)
            soon.hold(ours)
            watchdog.watch(soon)
            theirs.settimeout(60)
            assert theirs.recv(1) == b""
            soon.let_go()
    watchdog.forget(late)
    watchdog.close()


def test_what_is_held_after_the_deadline_is_cut_at_once() -> None:
    lock = threading.Lock()
    late = Attempt(PATIENT, clock.monotonic(), lock)
    with lock:
        late.cut()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        late.hold(ours)
        assert theirs.recv(1) == b""
        late.let_go()


def test_one_thread_watches_from_the_first_attempt_until_the_door_is_closed() -> None:
    door = Door(LOCAL, PATIENT)
    watchdog = door._watchdog
    assert watchdog._thread is None
    with listening(serving(OK)) as endpoint:
        assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        thread = watchdog._thread
        assert thread is not None
        assert thread.daemon
        assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        assert watchdog._thread is thread
        door.close()
        thread.join()
        assert door.send(post(endpoint.url())).outcome.kind == "succeeded"  # and opens again
        assert watchdog._thread is not thread
        door.close()
