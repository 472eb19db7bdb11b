"""Endpoints that behave as none should, by what a worker is to make of them."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tests.shared.certificates import Authority
from tests.shared.endpoints import HEAD, Behaviour, answering, dripping, holding, pouring, resetting, serving

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
BLANKS = b"X: a" + b" " * 60_000 + b"b\r\nContent-Length: 0\r\n\r\n"
WAIT = b"HTTP/1.1 503 No\r\nRetry-After: Wed, 21 Oct 99999999999999999999 07:28:00 GMT\r\nContent-Length: 0\r\n\r\n"
BEGUN = b"Content-Length: 100\r\n\r\nbegun"


@dataclass(frozen=True)
class Hostile:
    """A behaviour and the outcome of each attempt; None does not even listen."""

    name: str
    title: str
    outcome: str
    behave: Behaviour | None
    certificate: Callable[[Authority], ssl.SSLContext] | None = None


def gigabyte(head: bytes, data: bytes) -> Behaviour:
    """Answer with 1 GB."""
    return pouring(HEAD + head, data, 2**30 // len(data))


def bomb() -> Behaviour:
    """Answer with 1 MB of gzip that would become 1 GB."""
    packer = gzip.compress(bytes(2**20), 9)
    body = packer * 1024  # members one after another are one stream (RFC 1952, section 2.2)
    return answering(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def redirecting(port: int) -> Behaviour:
    """Answer with a redirect to a port of this machine that deliveries may not reach."""
    head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % port
    return serving(head)


def _expired(authority: Authority) -> ssl.SSLContext:
    return authority.server("127.0.0.1", life=timedelta(days=-1))


def _wrong_name(authority: Authority) -> ssl.SSLContext:
    return authority.server("wrong.test")


def endpoints(trap: int) -> list[Hostile]:
    """Return all of them; `trap` is the port that one redirects to."""
    return [
        Hostile("refuses", "refuses", "refused", None),
        Hostile("resets", "resets", "reset", resetting()),
        Hostile("hangs-before-headers", "hangs before the headers", "timeout", holding(b"")),
        Hostile("hangs-in-body", "hangs in the body", "timeout", holding(HEAD + BEGUN)),
        Hostile("drips", "drips one byte a second", "timeout", dripping(HEAD + CHUNKED, b"1\r\na\r\n", every=1)),
        Hostile("gigabyte", "answers 1 GB", "succeeded", gigabyte(b"Content-Length: %d\r\n\r\n" % 2**30, bytes(2**16))),
        Hostile("gzip-bomb", "answers a gzip bomb (1 GB)", "succeeded", bomb()),
        Hostile("broken-chunking", "sends broken chunking", "protocol", answering(HEAD + CHUNKED + b"zz\r\nabc\r\n")),
        Hostile("huge-header", "sends a 100 kB header", "protocol", answering(HEAD + b"X: " + b"a" * 100_000)),
        Hostile("blank-header", "sends a header of 60 kB of blanks", "succeeded", serving(HEAD + BLANKS)),
        Hostile("odd-retry-after", "asks to wait beyond all calendars", "http_status", serving(WAIT)),
        Hostile("closes", "closes after the request", "reset", answering(b"")),
        Hostile("redirects", "redirects to a private address", "http_status", redirecting(trap)),
        Hostile("expired-certificate", "has an expired certificate", "tls", serving(), _expired),
        Hostile("wrong-certificate", "has a wrong-name certificate", "tls", serving(), _wrong_name),
    ]
