"""An attempt leaves nothing for the garbage collector, which a worker runs rarely: no answer is held by a cycle."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

import shared
from shared.exchange import Limits
from shared.http import Door
from tests.shared.certificates import Authority
from tests.shared.doors import LOCAL, post
from tests.shared.endpoints import HEAD, OK, Behaviour, Peer, holding, listening

SENDING = ("http", "netguard")  # the packages that an attempt goes through
FOLDER = Path(shared.__file__).parent
LIMITS = Limits(connect=5, read=0.05, total=5)
BODY = b"x" * 60_000


def sending(data: bytes) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.send(data)

    return behave


ENDPOINTS = {
    "success": sending(OK),
    "no answer": sending(b""),
    "no HTTP": sending(b"HTTP/9 what\r\n"),
    "broken chunks": sending(HEAD + b"Transfer-Encoding: chunked\r\n\r\nea60\r\n" + BODY + b"zz\r\n"),
    "half a body": sending(HEAD + b"Content-Length: 90000\r\n\r\n" + BODY),
    "no gzip": sending(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 60000\r\n\r\n" + BODY),
    "timeout": holding(HEAD + b"Content-Length: 90000\r\n\r\n" + BODY),
}


@pytest.fixture
def no_collections() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def left_by(attempt: Callable[[], object]) -> list[object]:
    """The frames and objects of the code that sends, which an attempt leaves and only the collector finds.

    What the threads of other tests leave meanwhile is none of them. The first attempt may load something.
    """
    attempt()
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        attempt()
        gc.collect()
        return [it for it in gc.garbage if is_of_sending(it)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


def is_of_sending(it: object) -> bool:
    if isinstance(it, FrameType):
        return any(Path(it.f_code.co_filename).is_relative_to(FOLDER / name) for name in SENDING)
    return type(it).__module__.startswith(tuple(f"shared.{name}" for name in SENDING))


@pytest.mark.usefixtures("no_collections")
@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_answer_leaves_no_cycles(name: str) -> None:
    with listening(ENDPOINTS[name]) as endpoint:
        door = Door(LOCAL, LIMITS)
        assert left_by(lambda: door.send(post(endpoint.url()))) == []
        door.close()


@pytest.mark.usefixtures("no_collections")
@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://10.0.0.1/", "http://nothing.invalid/"])
def test_an_endpoint_that_is_not_reached_leaves_none(url: str) -> None:
    door = Door(LOCAL, LIMITS)
    assert left_by(lambda: door.send(post(url))) == []
    door.close()


@pytest.mark.usefixtures("no_collections")
def test_a_certificate_that_is_refused_leaves_none(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with listening(sending(OK), tls=authority.server("wrong.test")) as endpoint:
        door = Door(LOCAL, LIMITS, ca_file=str(authority.file))
        assert left_by(lambda: door.send(post(endpoint.url()))) == []
        door.close()
