from __future__ import annotations

import json

import pytest

from receiver import wire
from tests.receiver.gunicorn import running
from tests.receiver.rawserver import read_message

CLOSE = ("Connection", "close")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("wire"), "tests.receiver.echo:app", RECEIVER_WORKERS="1") as server:
        yield server


def ask(server, request):
    answer = server.send(request)
    assert answer.status == 200, answer
    told = json.loads(answer.body)
    told["headers"] = [tuple(pair) for pair in told["headers"]]
    return told


def test_headers_come_in_wire_order_case_and_number(server):
    told = ask(
        server,
        b"POST /x HTTP/1.1\r\nHost: a.example\r\nX-Mixed: 1\r\nx-Dup: 1\r\nX_Under_Score: 2\r\nX-Other:  \t3 \r\n"
        b"X-DUP: 2\r\nx-latin: caf\xe9\r\nX-Empty:\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
    )
    assert told["fidelity"] == "exact"
    assert told["headers"] == [
        ("Host", "a.example"),
        ("X-Mixed", "1"),
        ("x-Dup", "1"),
        ("X_Under_Score", "2"),
        ("X-Other", "3"),
        ("X-DUP", "2"),
        ("x-latin", "caf\xe9"),
        ("X-Empty", ""),
        ("Content-Length", "2"),
        CLOSE,
    ]
    assert told["body"] == "hi"


def test_a_request_without_headers_is_exact_too(server):
    told = ask(server, b"GET /x HTTP/1.0\r\n\r\n")
    assert (told["fidelity"], told["headers"]) == ("exact", [])


def test_a_chunked_body_arrives_whole_and_trailers_are_no_headers(server):
    told = ask(
        server,
        b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nX-Trailer: no\r\n\r\n",
    )
    assert told["body"] == "abcdefg"
    assert told["headers"] == [("Host", "a"), ("Transfer-Encoding", "chunked"), CLOSE]


@pytest.mark.parametrize(
    "target",
    ["//a%2Fb//c?x=1&x=2&y", "/%00%ff/../.", "http://other.example:81/a/b?c", "/" + "a" * 8000, '/?[]{}|^`"<>'],
)
def test_the_target_comes_raw(server, target):
    assert ask(server, f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())["target"] == target


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "PROPFIND", "M-SEARCH", "lower", "X", "A_VERY-LONG!METHOD#NAME"])
def test_any_method_comes_through(server, method):
    told = ask(server, f"{method} /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert told["method"] == method


def test_two_requests_of_a_connection_are_not_mixed_up(server):
    with server.connect() as connection:
        connection.sendall(b"GET /1 HTTP/1.1\r\nHost: a\r\nX-One: 1\r\n\r\n")
        first = read_message(connection)
        connection.sendall(b"GET /2 HTTP/1.1\r\nHost: a\r\nX-Two: 2\r\nConnection: close\r\n\r\n")
        second = read_message(connection)
    assert b"X-One" in first
    assert b"X-Two" not in first
    assert b"X-Two" in second
    assert b"X-One" not in second


def test_headers_of_proxies_mean_nothing_to_the_server(server):
    told = ask(
        server,
        b"GET /x HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\nSCRIPT_NAME: /y\r\n"
        b"PATH_INFO: /z\r\nConnection: close\r\n\r\n",
    )
    assert (told["scheme"], told["target"]) == ("http", "/x")


def test_many_and_large_headers_fit(server):
    block = b"".join(b"X-%d: %s\r\n" % (number, b"v" * 1000) for number in range(190)) + b"X-Large: " + b"v" * 16000
    told = ask(server, b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + block + b"\r\n\r\n")
    assert len(told["headers"]) == 193


class Body:
    pass


class Request:
    """What every version of gunicorn has told its hooks about a request."""

    def __init__(self, headers):
        self.headers = headers
        self.body = Body()
        self.closed = False

    def force_close(self):
        self.closed = True


def test_without_the_header_block_the_ordered_list_counts():
    request = Request([("HOST", "a"), ("X-DUP", "1"), ("X-DUP", "2")])
    wire.hand_over(None, request)
    headers, fidelity = wire.headers({"wsgi.input": request.body, "HTTP_X_DUP": "1,2"})
    assert fidelity == "ordered"
    assert headers == (("Host", "a"), ("X-Dup", "1"), ("X-Dup", "2"))


def test_without_gunicorn_the_environ_counts():
    assert wire.headers({"wsgi.input": object(), "HTTP_X_DUP": "1,2"}) == ((("X-Dup", "1,2"),), "wsgi")


def test_a_gunicorn_that_parses_otherwise_is_told_apart():
    assert wire.keep_header_blocks(type("Message", (), {})) is False


def test_a_connection_can_be_closed_where_the_server_lets_us():
    request = Request([("HOST", "a")])
    wire.hand_over(None, request)
    wire.close_afterwards({"wsgi.input": request.body})
    assert request.closed
    wire.close_afterwards({"wsgi.input": object()})
