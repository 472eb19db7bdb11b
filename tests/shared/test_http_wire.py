"""What is recorded as sent is what went over the wire, and nothing can break out of its line."""

from __future__ import annotations

import pytest

from shared.exchange import Request
from shared.http import Door
from shared.http.wire import place_of
from shared.netguard import TargetRefused
from tests.shared.doors import LOCAL, PATIENT
from tests.shared.endpoints import Endpoint, listening, serving

HEADERS = (
    ("webhook-id", "evt_1"),
    ("X-Dup", "1"),
    ("User-AGENT", "Hookloop/0"),
    ("x-dup", "2"),
    ("Accept-Encoding", "br"),
    ("X-Umlaut", "für"),
    ("X-Empty", ""),
    ("X-DUP", "3"),
)


def sent(request: Request, endpoint: Endpoint) -> tuple[bytes, Request]:
    """What came over the wire, and what was recorded."""
    door = Door(LOCAL, PATIENT)
    exchange = door.send(request)
    door.close()
    assert exchange.outcome.kind == "succeeded", exchange.outcome
    return endpoint.requests[-1], exchange.request


def written(request: Request, target: str) -> bytes:
    """The bytes of a request with exactly these headers."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in request.headers)
    return f"{request.method} {target} HTTP/1.1\r\n{fields}\r\n".encode("latin-1") + request.body


@pytest.mark.parametrize("headers", [(), HEADERS])
@pytest.mark.parametrize("body", [b"", b"\x00\xff{}\r\n\r\n"])
@pytest.mark.parametrize("method", ["POST", "PATCH", "get", "X-Y"])
def test_the_record_is_what_went_over_the_wire(method: str, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
    with listening(serving()) as endpoint:
        wire, recorded = sent(Request(method, endpoint.url("/in?a=b"), headers, body), endpoint)
    assert wire == written(recorded, "/in?a=b")
    assert (recorded.method, recorded.body) == (method, body)
    added = [pair for pair in recorded.headers if pair not in headers]
    own = [("Host", f"127.0.0.1:{endpoint.port}"), ("Accept-Encoding", "identity"), ("Content-Length", str(len(body)))]
    assert added == ([own[0], own[2]] if headers else own)
    assert tuple(pair for pair in recorded.headers if pair in headers) == headers


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("", "/"),
        ("?a=b", "/?a=b"),
        ("/a//b/../c?x=%7E&y=/?#part", "/a//b/../c?x=%7E&y=/?"),
        ("/zürich?q=ü", "/z%C3%BCrich?q=%C3%BC"),
        ("//elsewhere.example/x", "//elsewhere.example/x"),
    ],
)
def test_the_target_is_that_of_the_url(path: str, target: str) -> None:
    with listening(serving()) as endpoint:
        wire, recorded = sent(Request("POST", endpoint.url(path), (), b""), endpoint)
    assert wire == written(recorded, target)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ((("X-A", "b\r\nX-Evil: 1"),), "The header X-A can't be sent: its value holds a line break or a null byte."),
        ((("X-A", "b\n folded"),), "The header X-A can't be sent: its value holds a line break or a null byte."),
        ((("X-A", "b\rX-Evil: 1"),), "The header X-A can't be sent: its value holds a line break or a null byte."),
        ((("X-A", "b\x00"),), "The header X-A can't be sent: its value holds a line break or a null byte."),
        ((("X-A", "10 €"),), "The header X-A can't be sent: its value holds a character outside Latin-1."),
        ((("X-A: b\r\nX-B", "c"),), r"The header name 'X-A: b\r\nX-B' can't be sent."),
        ((("X Ä", "c"),), "The header name 'X Ä' can't be sent."),
        ((("", "c"),), "The header name '' can't be sent."),
        ((("Content-length", "0"),), "The header Content-length can't be set: it belongs to the connection."),
        ((("TRANSFER-ENCODING", "x"),), "The header TRANSFER-ENCODING can't be set: it belongs to the connection."),
        ((("Host", "inner"),), "The header Host can't be set: it belongs to the connection."),
    ],
)
def test_a_header_that_cannot_be_sent_is_an_outcome(headers: tuple[tuple[str, str], ...], words: str) -> None:
    with listening(serving()) as endpoint:
        exchange = Door(LOCAL, PATIENT).send(Request("POST", endpoint.url(), headers, b""))
        assert endpoint.connections == 0
    assert (exchange.outcome.kind, exchange.outcome.detail, exchange.response) == ("internal", words, None)


@pytest.mark.parametrize("method", ["", "GET /x HTTP/1.1\r\nX: y\r\n\r\nPOST", "PÖST"])
def test_a_method_that_cannot_be_sent_is_an_outcome(method: str) -> None:
    outcome = Door(LOCAL, PATIENT).send(Request(method, "http://127.0.0.1:1/", (), b"")).outcome
    assert (outcome.kind, outcome.detail) == ("internal", f"The method {method[:50]!r} can't be sent.")


@pytest.mark.parametrize(
    ("url", "authority", "server_name"),
    [
        ("http://Example.COM:80/", "example.com", "example.com"),
        ("https://example.com:443/", "example.com", "example.com"),
        ("https://example.com.:8443/", "example.com:8443", "example.com"),
        ("http://bücher.example/", "xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("http://\ufb01x.Example/", "fix.example", "fix.example"),
        ("https://[2606:4700::1111]/", "[2606:4700::1111]", "2606:4700::1111"),
        ("http://0x7f.1:81/", "0x7f.1:81", "127.0.0.1"),
    ],
)
def test_the_host_is_named_as_it_is_looked_up(url: str, authority: str, server_name: str) -> None:
    place = place_of(url)
    assert (place.authority, place.server_name) == (authority, server_name)


def test_a_place_must_be_one_of_http() -> None:
    with pytest.raises(TargetRefused):
        place_of("file:///etc/passwd")
