"""The inbox behind a real gunicorn on a real socket."""

from __future__ import annotations

import json
import socket

import pytest

from tests.receiver.raw_requests import post, request
from tests.receiver.rawserver import read_message

RECEIVER = {"RECEIVER_WORKERS": "1", "RECEIVER_BODY_LIMIT": "100000", "TRUSTED_PROXY_COUNT": "1"}
CHUNKED = "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_request_is_stored_as_it_was_on_the_wire_before_it_is_answered(served):
    head = (
        b"PATCH /b/%s//a%%2Fb/../c?x=1&x=2&y HTTP/1.1\r\nhost: bin.example\r\nX-Dup: 1\r\nx_under: u\r\nx-dUP: 2\r\n"
        b"X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nCookie: a=1\r\nConnection: close\r\nContent-Length: 6\r\n\r\n"
    )
    answer = served.server.send(head % served.slug.encode() + b"\x00\xff\r\n{}")
    (row,) = served.captures()
    assert answer.status == 200
    assert json.loads(answer.body) == {"ok": True, "id": row.id}
    assert (row.method, row.target) == ("PATCH", f"/b/{served.slug}//a%2Fb/../c?x=1&x=2&y")
    assert (row.path, row.query) == ("//a%2Fb/../c", "x=1&x=2&y")
    assert row.headers == (
        ("host", "bin.example"),
        ("X-Dup", "1"),
        ("x_under", "u"),
        ("x-dUP", "2"),
        ("X-Forwarded-For", "6.6.6.6, 203.0.113.9"),
        ("Cookie", "a=1"),
        ("Connection", "close"),
        ("Content-Length", "6"),
    )
    assert row.header_fidelity == "exact"
    assert row.body == b"\x00\xff\r\n{}"
    assert (row.peer, row.client) == ("127.0.0.1", "203.0.113.9")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "lower", "CONNECTED"])
def test_any_method_is_captured(served, method):
    answer = served.server.send(post(served, b"", method=method))
    (row,) = served.captures()
    assert answer.status == 200
    assert row.method == method
    assert bool(answer.body) == (method != "HEAD")
    assert int(answer.header("Content-Length")) > 0


def test_the_answer_cannot_harm_the_origin_it_comes_from(served):
    answer = served.server.send(post(served, b"<script>"))
    assert answer.header("Content-Security-Policy") == "sandbox"
    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert answer.header("Cache-Control") == "no-store"


def test_a_chunked_body_is_stored_whole(served):
    assert served.server.send(request(served, CHUNKED) + b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n").status == 200
    assert served.captures()[0].body == b"abcdefg"


def test_a_body_of_just_the_limit_is_stored(served):
    assert served.server.send(post(served, b"x" * 100_000)).status == 200
    chunk = b"186A0\r\n" + b"x" * 100_000 + b"\r\n0\r\n\r\n"
    assert served.server.send(request(served, CHUNKED) + chunk).status == 200
    assert [row.body_size for row in served.captures()] == [100_000, 100_000]


def test_a_body_over_the_limit_is_refused_before_it_comes(served):
    with served.server.connect() as connection:
        connection.sendall(request(served, "Content-Length: 100001\r\n\r\n"))
        answer = connection.recv(65536)  # nothing of the body was sent
    assert b" 413 " in answer
    assert served.bin().captured_count == 0


def test_a_sender_that_goes_on_sending_still_reads_the_refusal(served):
    answer = served.server.send(post(served, b"x" * 20_000_000))
    assert answer.status == 413
    assert answer.header("Content-Type") == "application/problem+json"
    document = json.loads(answer.body)
    assert document["status"] == 413
    assert "100000 bytes" in document["detail"]
    assert served.bin().captured_count == 0


def test_a_chunked_body_over_the_limit_is_refused_without_reading_it_all(served):
    with served.server.connect() as connection:
        connection.sendall(request(served, CHUNKED) + b"186A1\r\n" + b"x" * 100_001 + b"\r\n")  # and no end
        answer = connection.recv(65536)
    assert b" 413 " in answer
    assert served.bin().captured_count == 0


@pytest.mark.parametrize("rest", ["Content-Length: 10\r\n\r\nhalf", CHUNKED + "4\r\nab", CHUNKED + "4\r\nabcd\r\n"])
def test_an_upload_that_breaks_off_is_not_stored(served, rest):
    with served.server.connect() as connection:
        connection.sendall(request(served, rest))
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert b" 400 " in answer
    assert served.bin().captured_count == 0


@pytest.mark.parametrize("body", [b"zz\r\n", b"3\r\nabcdef\r\n", b"3\r\nabc\r\n0\r\nbad trailer\r\n\r\n"])
def test_chunks_that_make_no_sense_are_a_client_error(served, body):
    before = len(served.server.log.read_bytes())
    answer = served.server.send(request(served, CHUNKED) + body)
    assert answer.status == 400
    assert json.loads(answer.body)["title"] == "Malformed request"
    assert served.bin().captured_count == 0
    assert b"Traceback" not in served.server.log.read_bytes()[before:]


def test_a_sender_may_wait_for_100_continue(served):
    with served.server.connect() as connection:
        connection.sendall(request(served, "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert b" 200 OK" in connection.recv(65536)
    assert served.captures()[0].body == b"hello"


@pytest.mark.parametrize("target", ["/b/none", "/b/none/x", "/b/", "/b", "/b/ORDERS", "/b//orders", "/b/%F0%9F"])
def test_an_unknown_bin_is_not_found(served, target):
    head = f"POST {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 100\r\n\r\n"
    answer = served.server.send(head.encode() + b"x" * 100)
    assert answer.status == 404
    assert answer.header("Content-Type") == "application/problem+json"
    assert json.loads(answer.body)["title"] == "Not found"


def test_a_bin_is_found_however_its_slug_is_escaped(served):
    target = f"http://other.example/b/%6F{served.slug[1:]}/x%20y?z"
    head = f"POST {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert served.server.send(head.encode()).status == 200
    (row,) = served.captures()
    assert (row.target, row.path, row.query) == (target, "/x%20y", "z")


def test_a_connection_serves_one_capture_after_the_other(served):
    with served.server.connect() as connection:
        for number in range(3):
            connection.sendall(request(served, f"Content-Length: 1\r\n\r\n{number}"))
            assert b" 200 OK" in read_message(connection)
    assert [row.body for row in served.captures()] == [b"0", b"1", b"2"]


def test_our_credentials_are_not_kept(served):
    host = f"Host: 127.0.0.1:{served.server.port}\r\nConnection: close\r\n\r\n"
    signed_in = served.server.send(f"GET /sign-in?token=test-token HTTP/1.1\r\n{host}".encode())
    cookie = signed_in.header("Set-Cookie").partition(";")[0]
    headers = f"Authorization: Bearer test-token\r\nCookie: a=1; {cookie}; b=2\r\nX-Other: kept\r\n"
    assert served.server.send(post(served, b"", headers)).status == 200
    kept = dict(served.captures()[0].headers)
    assert cookie.startswith("hookloop_")
    assert kept["Cookie"] == "a=1; b=2"
    assert "Authorization" not in kept
    assert kept["X-Other"] == "kept"


def test_a_closing_server_finishes_what_it_has_taken(own_server):
    with own_server(RECEIVER_WORKERS="1") as served, served.server.connect() as connection:
        connection.sendall(request(served, "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"))
        assert b" 100 " in connection.recv(65536)
        served.server.process.terminate()
        connection.sendall(b"hello")
        assert b" 200 OK" in connection.recv(65536)
        assert served.server.stop() == 0
        assert served.captures()[0].body == b"hello"
