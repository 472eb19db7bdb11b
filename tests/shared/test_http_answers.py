"""Complete answers: what counts, and how much of them is read, decoded and kept."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from functools import reduce

import pytest

from shared.exchange import Exchange, Limits, Request
from shared.http import Door
from tests.shared.doors import LOCAL, PATIENT, attempt, post
from tests.shared.endpoints import HEAD, OK, answering, holding, listening, pouring, serving

CAP = 65_536
ZEROS = 60_000_000  # enough to be seen, few enough to be made quickly


def coded(coding: str, body: bytes) -> bytes:
    """An answer whose body is said to be coded like that."""
    return HEAD + f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def content(exchange: Exchange) -> tuple[bytes, bool]:
    assert exchange.outcome.kind == "succeeded", exchange.outcome
    assert exchange.response is not None
    return exchange.response.body, exchange.response.truncated


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        ("200 OK", "succeeded", "The endpoint answered 200 OK."),
        ("202 Whatever", "succeeded", "The endpoint answered 202 Accepted."),
        ("404 Not Found", "http_status", "The endpoint answered 404 Not Found."),
        ("500 Oops", "http_status", "The endpoint answered 500 Internal Server Error."),
        ("799", "http_status", "The endpoint answered 799."),
    ],
)
def test_an_answer_counts_by_its_status(status: str, kind: str, words: str) -> None:
    exchange = attempt(answering(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok".encode()))
    assert (exchange.outcome.kind, exchange.outcome.detail) == (kind, words)
    assert exchange.response is not None
    assert (exchange.response.status, exchange.response.body) == (int(status[:3]), b"ok")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_named_and_not_followed(status: int) -> None:
    with listening(serving(OK)) as inner:
        redirect = f"HTTP/1.1 {status} Go\r\nLocation: {inner.url()}\r\nContent-Length: 0\r\n\r\n".encode()
        exchange = attempt(answering(redirect))
        assert inner.connections == 0
    assert exchange.outcome.kind == "http_status"
    assert f"points to {inner.url()}; redirects are not followed." in exchange.outcome.detail


def test_interim_answers_are_not_the_answer() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    with listening(serving(interim + OK)) as endpoint:
        door = Door(LOCAL, PATIENT)
        for _ in range(3):
            exchange = door.send(post(endpoint.url()))
            assert content(exchange) == (b"ok", False)
            assert exchange.response is not None
            assert exchange.response.headers == (("Content-Length", "2"),)
        assert endpoint.connections == 1
        door.close()


def test_an_answer_without_a_body_leaves_the_connection_usable() -> None:
    with listening(serving(b"HTTP/1.1 204 No Content\r\n\r\n")) as endpoint:
        door = Door(LOCAL, PATIENT)
        assert [content(door.send(post(endpoint.url()))) for _ in range(2)] == [(b"", False)] * 2
        assert endpoint.connections == 1
        door.close()


def test_an_answer_to_head_has_no_body_whatever_it_says() -> None:
    with listening(serving(HEAD + b"Content-Length: 5\r\n\r\n")) as endpoint:
        door = Door(LOCAL, PATIENT)
        asked = Request("HEAD", endpoint.url(), (), b"")
        assert [content(door.send(asked)) for _ in range(2)] == [(b"", False)] * 2
        assert endpoint.connections == 1
        door.close()


def test_a_body_may_end_with_the_connection() -> None:
    assert content(attempt(answering(b"HTTP/1.0 200 OK\r\n\r\nthe end"))) == (b"the end", False)


def test_a_chunked_body_is_put_together() -> None:
    chunks = b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n"
    assert content(attempt(holding(HEAD + chunks))) == (b"abcde", False)


@pytest.mark.parametrize(
    "framing",
    [
        b"Transfer-Encoding: chunked,\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"Transfer-Encoding: , chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"Transfer-Encoding:\r\nContent-Length: 2\r\n\r\nok",
        b"Transfer-Encoding: Identity\r\nContent-Length: 2\r\n\r\nok",
        b"Content-Length: 2,\r\n\r\nok",
        b"Content-Length: ,2, ,2\r\n\r\nok",
        b"Content-Length: 02\r\nContent-Length: 2\r\n\r\nok",
        b"Connection: ,\r\nContent-Length: 2\r\n\r\nok",
    ],
)
def test_empty_members_of_a_list_do_not_count(framing: bytes) -> None:
    with listening(serving(HEAD + framing)) as endpoint:
        door = Door(LOCAL, PATIENT)
        assert [content(door.send(post(endpoint.url()))) for _ in range(2)] == [(b"ok", False)] * 2
        assert endpoint.connections == 1
        door.close()


def test_the_headers_of_an_answer_are_kept_as_they_came() -> None:
    head = (
        b"X-b: 1\r\nx-A: \xe9\r\nX-B:2 \r\nFolded: a\r\n  b\r\nEmpty:\r\nUnfit: a\rb\0c\r\ncontent-LENGTH: 0, 0\r\n\r\n"
    )
    exchange = attempt(holding(HEAD + head))
    assert exchange.response is not None
    assert exchange.response.headers == (
        ("X-b", "1"),
        ("x-A", "é"),
        ("X-B", "2"),
        ("Folded", "a b"),
        ("Empty", ""),
        ("Unfit", "a b c"),
        ("content-LENGTH", "0, 0"),
    )


@pytest.mark.parametrize(
    ("length", "limit", "truncated"), [(9, 10, False), (10, 10, False), (11, 10, True), (0, 0, False), (1, 0, True)]
)
def test_a_body_is_kept_up_to_the_limit(length: int, limit: int, truncated: bool) -> None:
    limits = Limits(connect=30, read=30, total=30, response_bytes=limit)
    exchange = attempt(holding(HEAD + f"Content-Length: {length}\r\n\r\n".encode() + b"a" * length), limits=limits)
    assert content(exchange) == (b"a" * min(length, limit), truncated)


@pytest.mark.parametrize(
    ("head", "data"),
    [
        (b"Content-Length: 1000000000\r\n\r\n", b"a" * 100_000),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"186a0\r\n" + b"a" * 100_000 + b"\r\n"),
        (b"Connection: close\r\n\r\n", b"a" * 100_000),
    ],
)
def test_a_gigabyte_is_cut_at_the_limit_and_never_held(head: bytes, data: bytes) -> None:
    with listening(pouring(HEAD + head, data, 10_000)) as endpoint:
        exchange, peak = measured(endpoint.url())
    assert content(exchange) == (b"a" * CAP, True)
    assert peak < 2_000_000


@pytest.mark.parametrize("bomb", ["gzip", "deflate", "gzip, gzip"])
def test_a_bomb_expands_no_further_than_the_limit(bomb: str) -> None:
    body = b"\0" * ZEROS
    for coding in bomb.split(", "):
        body = gzip.compress(body) if coding == "gzip" else zlib.compress(body)
    with listening(serving(coded(bomb, body))) as endpoint:
        exchange, peak = measured(endpoint.url())
    assert content(exchange) == (b"\0" * CAP, True)
    assert peak < 2_000_000


def measured(url: str) -> tuple[Exchange, int]:
    """An attempt, and how many bytes were held at its height."""
    door = Door(LOCAL, PATIENT)
    tracemalloc.start()
    try:
        return door.send(post(url)), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        door.close()


BARE = zlib.compressobj(wbits=-15)
CODED = {
    "gzip": gzip.compress(b"hello"),
    "x-gzip": gzip.compress(b"hel") + gzip.compress(b"lo"),
    "GZip ": gzip.compress(b"hello") + b"\0\0 padding",
    "deflate": zlib.compress(b"hello"),
    "Deflate": BARE.compress(b"hello") + BARE.flush(),
    "deflate, gzip": gzip.compress(zlib.compress(b"hello")),
    "identity": b"hello",
}


@pytest.mark.parametrize("coding", CODED)
def test_a_coding_that_nobody_asked_for_is_undone(coding: str) -> None:
    assert content(attempt(holding(coded(coding, CODED[coding])))) == (b"hello", False)


UNDECODABLE = {
    "gzip": b"this is not gzip",
    "deflate": b"\xff\xff\xff\xff",
    "gzip, gzip": gzip.compress(b"only once"),
    "br": b"\x0b\x02\x80hello\x03",
    "zstd": b"\x28\xb5\x2f\xfd",
    "gzip, rot13": b"uryyb",
    ", ".join(["gzip"] * 11): reduce(lambda body, _: gzip.compress(body), range(11), b"more often than anybody means"),
}


@pytest.mark.parametrize("coding", UNDECODABLE)
def test_what_cannot_be_decoded_stays_as_it_came_and_counts_by_its_status(coding: str) -> None:
    body = UNDECODABLE[coding]
    assert content(attempt(holding(coded(coding, body)))) == (body, False)


def test_a_coded_body_that_ends_early_is_decoded_as_far_as_it_goes() -> None:
    body = gzip.compress(bytes(range(256)) * 4)[:-12]
    decoded, truncated = content(attempt(holding(coded("gzip", body))))
    assert decoded
    assert (bytes(range(256)) * 4).startswith(decoded)
    assert not truncated


def decompressors(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the window of each decompressor from now on."""
    made: list[int] = []
    real = zlib.decompressobj

    def spy(window: int) -> object:
        made.append(window)
        return real(window)

    monkeypatch.setattr(zlib, "decompressobj", spy)
    return made


@pytest.mark.parametrize(
    ("coding", "member", "most"),
    [
        ("gzip", gzip.compress(b""), 64),
        ("deflate", b"\x03\x00", 2),  # raw
        ("deflate", zlib.compress(b""), 1),
    ],
    ids=["gzip", "raw", "zlib"],
)
def test_an_answer_of_members_alone_makes_no_more_work_than_others(
    coding: str, member: bytes, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = decompressors(monkeypatch)
    decoded, truncated = content(attempt(holding(coded(coding, member * (CAP // len(member))))))
    assert decoded == b""
    assert len(made) <= most
    assert truncated == (coding == "gzip")


def test_members_beyond_the_most_are_cut_off_and_padding_is_not() -> None:
    members = [gzip.compress(b"%d." % number) for number in range(65)]
    decoded = b"".join(b"%d." % number for number in range(64))
    assert content(attempt(holding(coded("gzip", b"".join(members[:64]) + b"\0" * 9)))) == (decoded, False)
    assert content(attempt(holding(coded("gzip", b"".join(members))))) == (decoded, True)
    twice = gzip.compress(b"".join(members))
    assert content(attempt(holding(coded("gzip, gzip", twice)))) == (decoded, True)
