"""Reads the body of a request within its limit, or tells why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from werkzeug.wsgi import get_content_length

from receiver import wire
from shared import clock
from shared.errors import HookloopError, Malformed, TooLarge

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_IDLE_SECONDS = 30.0  # without a byte of the body
_LINGER_SECONDS = 5.0
_LINGER_BYTES = 64 * 1024 * 1024
_CHUNK = 64 * 1024


class TooSlow(HookloopError):
    """The body did not come."""

    status = 408
    title = "Request timeout"


def read(environ: WSGIEnvironment, limit: int) -> bytes:
    """Return the whole body; raise TooLarge for one over `limit` bytes, having read no more than that of it.

    Raise TooSlow when the sender stalls, and Malformed when the body ends early or its chunks make no sense.
    """
    length = get_content_length(environ)
    if length is None and "wsgi.input_terminated" not in environ:
        return b""  # nobody knows where the body would end
    if length is not None and length > limit:
        raise _too_large(limit)
    try:
        _set_timeout(environ, _IDLE_SECONDS)
        body = _read_up_to(environ, limit + 1 if length is None else length)
    except TimeoutError:
        raise TooSlow("The rest of the body did not come.") from None
    except wire.UNREADABLE as error:
        raise Malformed(f"The body could not be read: {error or type(error).__name__}") from None
    if len(body) > limit:
        raise _too_large(limit)
    if length is not None and len(body) < length:
        raise Malformed(f"The body ended after {len(body)} of {length} bytes.")
    return body


class Lingering:
    """An answer given before its request was read: once sent, it lets the sender finish, within bounds.

    To close at once would reset the connection, and many clients that are still sending then never see the answer
    (RFC 9112 §9.6).
    """

    def __init__(self, answer: Iterable[bytes], environ: WSGIEnvironment) -> None:
        self._answer = answer
        self._environ = environ
        wire.close_afterwards(environ)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        """Read and forget what still comes; called by the server after the answer is sent."""
        deadline = clock.monotonic() + _LINGER_SECONDS
        passed = 0
        try:
            _set_timeout(self._environ, 1.0)
            while passed < _LINGER_BYTES and clock.monotonic() < deadline:
                chunk = self._environ["wsgi.input"].read(_CHUNK)
                if not chunk:
                    return
                passed += len(chunk)
        except wire.UNREADABLE:
            return


def _read_up_to(environ: WSGIEnvironment, size: int) -> bytes:
    stream = environ["wsgi.input"]
    body: bytes = stream.read(size)
    while len(body) < size and (more := stream.read(size - len(body))):
        body += more
    return body


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is larger than the {limit} bytes that this receiver takes. Nothing was stored.")


def _set_timeout(environ: WSGIEnvironment, seconds: float) -> None:
    """Limit each wait for the peer; gunicorn hands out the socket and sets it back before the next request."""
    if connection := environ.get("gunicorn.socket"):
        connection.settimeout(seconds)
