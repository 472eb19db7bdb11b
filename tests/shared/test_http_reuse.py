"""A connection is used again only when nothing more can come on it, and nobody disputes where its answer ended."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from shared.exchange import Limits
from shared.http import Door
from tests.shared.certificates import Authority
from tests.shared.doors import LOCAL, PATIENT, post
from tests.shared.endpoints import HEAD, OK, Peer, answering, listening, serving

READ_AT_ONCE = io.DEFAULT_BUFFER_SIZE


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


def test_an_answer_that_comes_before_the_end_of_the_request_is_read() -> None:
    def behave(peer: Peer) -> None:
        peer.sock.recv(100)
        peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        peer.sit()

    limits = Limits(connect=30, read=0.5, total=30)
    door = Door(LOCAL, limits)
    with listening(behave) as endpoint:
        for connections in (1, 2):  # the rest of the request is still owed on the first: it is of no more use
            exchange = door.send(post(endpoint.url(), b"a" * 20_000_000))
            assert exchange.response is not None, exchange.outcome
            assert (exchange.response.status, exchange.response.body) == (413, b"no")
            assert endpoint.connections == connections
        door.close()


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
