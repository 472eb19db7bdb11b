"""An answer read from its connection by the rules of HTTP/1.1 (RFC 9112): head, framing and body, each up to a limit.

Not by Python's own client: it takes the end of the connection for that of the head, and a 103 for the answer, reads
lengths and chunks that are none, sets no limit to a head, and spends a fifth of an attempt's time in its e-mail parser.
"""

from __future__ import annotations

import io
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from shared.http.attempt import running

_PIECE = 16_384
_MAX_INTERIM = 16
_MAX_HEAD = 65_536  # bytes, with all interim answers and trailers
_MAX_FIELDS = 100
_MAX_SIZE_LINE = 4_096  # bytes, with the extensions of a chunk
_BLANK_LINES = (b"\r\n", b"\n")
_STATUS_LINE = re.compile(r"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: .*)?", re.DOTALL)
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*?)?\r?\n")
_LENGTH = re.compile(r"[0-9]{1,15}")
_UNFIT = str.maketrans("\r\0", "  ")  # RFC 9110, section 5.5: to be replaced before anybody else sees them
_TLS_RECORDS = ("\x14\x03", "\x15\x03", "\x16\x03")  # how an alert or a handshake begins (RFC 8446, section 5.1)

Fields = tuple[tuple[str, str], ...]


class Malformed(Exception):
    """The answer breaks the rules; the message says how, in a sentence for people."""


class NoStatusLine(Malformed):
    """What came is no beginning of an answer."""


class Unanswered(ConnectionResetError):
    """The connection ended before an answer began."""


class _Received(io.RawIOBase):
    """What comes over a socket; nothing once it is `over`, so that what was read ahead can be told without reading."""

    def __init__(self, sock: socket.socket) -> None:
        self.over = False
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return 0 if self.over else self._sock.recv_into(buffer)

    def has_rest(self) -> bool:
        """Return whether TLS has more of what came than was asked for."""
        return isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0


class Answer:
    """The answer to one request of method `method`; it has to be finished, whatever comes of it.

    With `closes`, its connection is not to be used again.
    """

    give_back: Callable[[bool], None]  # its connection, which can be used again or not

    def __init__(self, sock: socket.socket, method: str | None, *, closes: bool = False) -> None:
        self._received = _Received(sock)
        self._file = io.BufferedReader(self._received)
        self._has_body = method != "HEAD"
        self._head_left = _MAX_HEAD
        self._chunked = False
        self._length: int | None = None  # of the body; None: chunked, or until the connection ends
        self._closes = closes
        self._is_whole = False

    def read_head(self) -> None:
        """Read up to the body, and tell the running attempt status and header fields; raise Malformed or OSError."""
        attempt = running.attempt
        for _ in range(_MAX_INTERIM + 1):
            minor, attempt.status = self._read_status()
            attempt.headers = self._read_fields()
            if attempt.status == HTTPStatus.SWITCHING_PROTOCOLS:
                raise Malformed("The answer is not valid HTTP: 101 Switching Protocols was not asked for.")
            if attempt.status >= HTTPStatus.OK:
                self._frame(minor, attempt.status, attempt.headers)
                return
        raise Malformed(f"The answer is not valid HTTP: more than {_MAX_INTERIM} interim answers came.")

    def take(self, limit: int) -> tuple[bytes, bool]:
        """Return at most `limit` bytes of the body, and whether there were more; raise Malformed or OSError."""
        body = bytearray()
        for piece in self._pieces():
            body += piece
            if len(body) > limit:
                return bytes(body[:limit]), True
        self._is_whole = True
        return bytes(body), False

    def close(self) -> None:
        """Read no more of the connection, which stays open."""
        self._file.close()

    def finish(self) -> None:
        """Give the connection back, to be used again when the answer was read to its end and nothing came after it."""
        self._received.over = True
        usable = self._is_whole and not self._closes and not self._file.peek(1) and not self._received.has_rest()
        self.close()
        self.give_back(usable)

    def _read_status(self) -> tuple[int, int]:
        """Return the minor version and the status."""
        line = self._file.readline(self._head_left + 1)
        if not line:
            raise Unanswered
        text = line.decode("latin-1").rstrip("\r\n")
        if not text.startswith("HTTP/1."):
            raise NoStatusLine(_not_http(text))
        self._count(line)
        match = _STATUS_LINE.fullmatch(text)
        if match is None:
            raise NoStatusLine(f"The answer is not valid HTTP: its status line is {text[:50]!r}.")
        return int(match[1]), int(match[2])

    def _read_fields(self) -> Fields:
        """Return the header fields up to the blank line, in their order and case."""
        lines: list[list[str]] = []
        while (line := self._file.readline(self._head_left + 1)) not in _BLANK_LINES:
            self._count(line)
            text = line.decode("latin-1").rstrip("\r\n").translate(_UNFIT)
            if lines and text.startswith((" ", "\t")):  # obsolete line folding (RFC 9112, section 5.2)
                lines[-1].append(text)
            else:
                lines.append([text])
            if len(lines) > _MAX_FIELDS:
                raise Malformed(f"The answer is not valid HTTP: it has more than {_MAX_FIELDS} headers.")
        return tuple([_field(parts) for parts in lines])

    def _count(self, line: bytes) -> None:
        """Raise Malformed for a line of the head that is not whole, or one too many."""
        self._head_left -= len(line)
        if self._head_left < 0:
            raise Malformed(f"The answer's head is longer than {_MAX_HEAD:,} bytes.")
        if not line.endswith(b"\n"):
            raise Malformed("The answer is not valid HTTP: it ends within its head.")

    def _frame(self, minor: int, status: int, fields: Fields) -> None:
        """Find out where the body ends, and whether the connection does (RFC 9112, sections 6.3 and 9.3)."""
        options, codings, lengths = _members(fields, ("connection", "transfer-encoding", "content-length"))
        is_last = "close" in options or (minor == 0 and "keep-alive" not in options)
        if is_last and status == HTTPStatus.REQUEST_TIMEOUT and running.attempt.reused:
            # RFC 9110, section 15.5.9: so an endpoint may end a connection that waits, while our request is on its way.
            running.attempt.status, running.attempt.headers = 0, ()
            raise Unanswered
        self._closes |= is_last or (minor == 0 and bool(codings))  # HTTP/1.0 has none (RFC 9112, section 6.1)
        codings = [coding for coding in codings if coding not in ("", "identity")]  # as in RFC 2616: not coded
        if not self._has_body:
            self._length = 0
        elif status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            self._length = 0  # and what the head announces may come all the same
            self._closes |= bool(codings) or (
                status == HTTPStatus.NO_CONTENT and any(length.strip("0") for length in lengths)
            )
        elif codings:
            self._chunked = codings[-1] == "chunked"
            self._closes |= not self._chunked or bool(lengths)  # both: somebody may be misled
        elif lengths:
            self._length = _length(lengths)
        else:
            self._closes = True

    def _pieces(self) -> Iterator[bytes]:
        if self._chunked:
            yield from self._chunks()
        elif self._length is not None:
            yield from self._exactly(self._length, "The answer is shorter than its Content-Length says.")
        else:
            while piece := self._file.read1(_PIECE):
                yield piece

    def _chunks(self) -> Iterator[bytes]:
        """Yield the pieces of a chunked body (RFC 9112, section 7.1); the trailers are passed over."""
        broken = "The answer's chunks are malformed, or end before the last one."
        while True:
            match = _SIZE_LINE.fullmatch(self._file.readline(_MAX_SIZE_LINE))
            if match is None:
                raise Malformed(broken)
            if not (size := int(match[1], 16)):
                break
            yield from self._exactly(size, broken)
            if self._file.readline(2) not in _BLANK_LINES:
                raise Malformed(broken)
        while (line := self._file.readline(self._head_left + 1)) not in _BLANK_LINES:
            if not line:  # after the last chunk nothing is missing
                self._closes = True
                return
            self._count(line)

    def _exactly(self, size: int, otherwise: str) -> Iterator[bytes]:
        while size:
            piece = self._file.read1(min(size, _PIECE))
            if not piece:
                raise Malformed(otherwise)
            size -= len(piece)
            yield piece


def _field(parts: list[str]) -> tuple[str, str]:
    line = parts[0] if len(parts) == 1 else " ".join([parts[0].rstrip(), *[part.strip() for part in parts[1:]]])
    name, colon, value = line.partition(":")
    if not colon or not name or name[0] in " \t":
        raise Malformed("The answer is not valid HTTP: a line of its head is no header field.")
    return name.rstrip(" \t"), value.strip(" \t")


def _length(values: list[str]) -> int:
    """Return the length that all of `values` give; raise Malformed when they don't."""
    for value in values:
        if not _LENGTH.fullmatch(value):
            raise Malformed(f"The answer's Content-Length is no number of bytes: {value[:50]!r}.")
    if len(lengths := {int(value) for value in values}) > 1:
        raise Malformed("The answer's Content-Length headers contradict one another.")
    return lengths.pop()


def _members(fields: Fields, wanted: tuple[str, ...]) -> list[list[str]]:
    """Return the members of each list-based field that is wanted, lower case (RFC 9110, section 5.6.1).

    Empty ones do not count, but a field without any other has an empty one.
    """
    found: dict[str, list[str]] = {name: [] for name in wanted}
    for name, value in fields:
        if (members := found.get(name.lower())) is not None:
            given = [member for part in value.lower().split(",") if (member := part.strip(" \t"))]
            members.extend(given or [""])
    return list(found.values())


def _not_http(line: str) -> str:
    if line.startswith(_TLS_RECORDS):
        return "The endpoint speaks TLS at this port; should the URL begin with https://?"
    return f"The answer is not HTTP/1.1: it begins with {line.strip()[:50]!r}."
