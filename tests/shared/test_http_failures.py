"""Whatever an endpoint does is an outcome, of the right kind and in words that tell the causes apart."""

from __future__ import annotations

import re
import socket

import pytest

from shared.exchange import Limits
from shared.http import Door, door
from shared.netguard import AllowedTargets
from tests.ports import free_port
from tests.shared.doors import LOCAL, PATIENT, attempt, post
from tests.shared.endpoints import HEAD, OK, Behaviour, answering, listening, resetting

CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

FAILURES: dict[str, tuple[Behaviour, str, str]] = {
    "closed without an answer": (answering(b""), "reset", r"closed the connection without an answer"),
    "reset before the answer": (resetting(), "reset", r"cut the connection before it answered"),
    "reset within the head": (resetting(HEAD), "reset", r"cut the connection before it answered"),
    "reset within the body": (
        resetting(HEAD + b"Content-Length: 9\r\n\r\nabc"),
        "reset",
        r"answered 200 OK and cut the connection within the body",
    ),
    "closed within the head": (answering(HEAD + b"Content-Le"), "protocol", r"ends within its head"),
    "closed within the body": (
        answering(HEAD + b"Content-Length: 9\r\n\r\nabc"),
        "protocol",
        r"shorter than its Content-Length",
    ),
    "closed within a chunk": (answering(CHUNKED + b"9\r\nabc"), "protocol", r"chunks are malformed, or end before"),
    "closed before the last chunk": (answering(CHUNKED + b"3\r\nabc\r\n"), "protocol", r"end before the last one"),
    "chunks without a size": (answering(CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n"), "protocol", r"chunks are malformed"),
    "garbage": (answering(b"\x00\xff garbage\r\n\r\n"), "protocol", r"not HTTP/1\.1: it begins with '.x00"),
    "HTTP/0.9": (answering(b"<html>hello</html>\r\n"), "protocol", r"not HTTP/1\.1: it begins with '<html>hello"),
    "HTTP/2": (answering(b"HTTP/2.0 200 OK\r\n\r\n"), "protocol", r"not HTTP/1\.1: it begins with 'HTTP/2\.0 200 OK'"),
    "an empty line": (answering(b"\r\n\r\n"), "protocol", r"not HTTP/1\.1: it begins with ''"),
    "a TLS alert": (answering(b"\x15\x03\x01\x00\x02\x02\x46"), "protocol", r"speaks TLS at this port.*https://"),
    "a header of 100 kB": (
        answering(HEAD + b"X: " + b"a" * 100_000 + b"\r\n\r\n"),
        "protocol",
        r"head is longer than 65,536 bytes",
    ),
    "a head of many lines": (
        answering(HEAD + b"X: aaaaaaa\r\n" + b" bbbbbbbb\r\n" * 10_000 + b"\r\n"),
        "protocol",
        r"head is longer than 65,536 bytes",
    ),
    "interim answers with long heads": (
        answering((b"HTTP/1.1 103 Early Hints\r\nX: " + b"a" * 10_000 + b"\r\n\r\n") * 10 + OK),
        "protocol",
        r"head is longer than 65,536 bytes",
    ),
    "101 headers": (answering(HEAD + b"X: a\r\n" * 101 + b"\r\n"), "protocol", r"more than 100 headers"),
    "a line that is no header": (
        answering(HEAD + b"what is this\r\n\r\n"),
        "protocol",
        r"line of its head is no header",
    ),
    "a line of a carriage return": (
        answering(HEAD + b"\r\r\n\r\n"),
        "protocol",
        r"line of its head is no header",
    ),
    "a folded line with nothing before it": (
        answering(HEAD + b" folded: x\r\n\r\n"),
        "protocol",
        r"line of its head is no header",
    ),
    "two lengths": (
        answering(HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        "protocol",
        r"Content-Length headers contradict",
    ),
    "a length of minus five": (answering(HEAD + b"Content-Length: -5\r\n\r\nabcde"), "protocol", r"no number of bytes"),
    "a length with a sign": (answering(HEAD + b"Content-Length: +5\r\n\r\nabcde"), "protocol", r"no number of bytes"),
    "a length without digits": (answering(HEAD + b"Content-Length:\r\n\r\nabcde"), "protocol", r"no number of bytes"),
    "no length beside one": (
        answering(HEAD + b"Content-Length:\r\nContent-Length: 5\r\n\r\nabcde"),
        "protocol",
        r"no number of bytes: ''",
    ),
    "a length of empty members": (
        answering(HEAD + b"Content-Length: ,\r\n\r\nabcde"),
        "protocol",
        r"no number of bytes",
    ),
    "a length of 5,000 digits": (
        answering(HEAD + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\nabcde"),
        "protocol",
        r"no number of bytes: '9{50}'",
    ),
    "a size of a chunk in another notation": (
        answering(CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n"),
        "protocol",
        r"chunks are malformed",
    ),
    "a size of a chunk below zero": (answering(CHUNKED + b"-3\r\nabc\r\n"), "protocol", r"chunks are malformed"),
    "a chunk longer than its size": (
        answering(CHUNKED + b"3\r\nabcde\r\n0\r\n\r\n"),
        "protocol",
        r"chunks are malformed",
    ),
    "bytes between the chunks": (
        answering(CHUNKED + b"3\r\nabcde0\r\n\r\n"),
        "protocol",
        r"chunks are malformed",
    ),
    "trailers of 100 kB": (
        answering(CHUNKED + b"3\r\nabc\r\n0\r\n" + b"X-A: b\r\n" * 15_000 + b"\r\n"),
        "protocol",
        r"head is longer than 65,536 bytes",
    ),
    "a status of two digits": (
        answering(b"HTTP/1.1 20 OK\r\n\r\n"),
        "protocol",
        r"its status line is 'HTTP/1\.1 20 OK'",
    ),
    "a status with a sign": (answering(b"HTTP/1.1 +200 OK\r\n\r\n"), "protocol", r"its status line is"),
    "a status of four digits": (answering(b"HTTP/1.1 0200 OK\r\n\r\n"), "protocol", r"its status line is"),
    "a version that is none": (answering(b"HTTP/1.evil 200 OK\r\n\r\n"), "protocol", r"its status line is"),
    "another protocol": (
        answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
        "protocol",
        r"101 Switching Protocols was not asked for",
    ),
    "interim answers for ever": (
        answering(b"HTTP/1.1 102 Processing\r\n\r\n" * 100 + OK),
        "protocol",
        r"more than 16 interim answers",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_an_answer_that_is_none_is_told_by_its_cause(name: str) -> None:
    behave, kind, words = FAILURES[name]
    exchange = attempt(behave)
    assert exchange.response is None
    assert exchange.outcome.kind == kind
    assert re.search(words, exchange.outcome.detail), exchange.outcome.detail


def test_a_line_of_blanks_is_read_at_once() -> None:
    line = b"X: a" + b" " * 60_000 + b"b" + b" " * 5_000
    limits = Limits(connect=30, read=30, total=5)  # a way of reading that takes the square of its length takes 20
    exchange = attempt(answering(HEAD + line + b"\r\nContent-Length: 2\r\n\r\nok"), limits=limits)
    assert exchange.response is not None, exchange.outcome
    assert exchange.response.headers[0] == ("X", "a" + " " * 60_000 + "b")


def test_a_port_on_which_nothing_listens_refuses() -> None:
    outcome = Door(LOCAL, PATIENT).send(post(f"http://127.0.0.1:{free_port()}/")).outcome
    assert (outcome.kind, outcome.detail.partition(":")[0]) == ("refused", "Nothing listens at this address and port")


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(connect=0.3, read=30, total=30), "No connection within 0.3 seconds"),
        (Limits(connect=30, read=30, total=0.3), "No complete answer within 0.3 seconds"),
    ],
)
def test_an_address_that_takes_no_connection_times_out(limits: Limits, words: str) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]  # they fill the queue of a server that never accepts
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        exchange = Door(LOCAL, limits).send(post(f"http://127.0.0.1:{full.getsockname()[1]}/"))
        for sock in waiting:
            sock.close()
    assert (exchange.outcome.kind, exchange.outcome.detail.partition(":")[0]) == ("timeout", words)
    assert exchange.duration_ms < 15_000, "not the limit that is not yet reached"


def test_a_name_that_does_not_resolve_is_told_so() -> None:
    outcome = Door(LOCAL, PATIENT).send(post("http://no-such-name.invalid/")).outcome
    assert (outcome.kind, outcome.detail) == ("dns", "The name no-such-name.invalid could not be resolved.")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://10.0.0.1/", "http://[::1]/", "ftp://example.com/", ""])
def test_what_is_not_allowed_is_not_sent(url: str) -> None:
    exchange = Door(AllowedTargets(), PATIENT).send(post(url))
    assert (exchange.outcome.kind, exchange.response) == ("blocked", None)


def test_a_mistake_of_our_own_is_an_outcome_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LookupError("oops")

    monkeypatch.setattr(door.body, "decode", fail)
    with listening(answering(OK)) as endpoint:
        outcome = Door(LOCAL, PATIENT).send(post(endpoint.url())).outcome
    assert (outcome.kind, outcome.detail) == ("internal", "The attempt failed inside Hookloop (LookupError).")
