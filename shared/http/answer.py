"""An answer read from its connection: the head by stricter rules than Python's own client, the body up to a limit."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from urllib3.exceptions import IncompleteRead, InvalidHeader

from shared.http.attempt import running

_CHUNK = 16_384
_MAX_INTERIM = 16
_MAX_LINE = 65_536
_MAX_FIELDS = 100
_BLANK_LINES = (b"\r\n", b"\n")
_FIELD = re.compile(r"([^:\s][^:]*):[ \t]*(.*?)[ \t]*", re.DOTALL)
_UNFIT = str.maketrans("\r\0", "  ")  # RFC 9110, section 5.5: to be replaced before anybody else sees them


class Answer(http.client.HTTPResponse):
    """An answer whose head has to be complete, and may follow any interim answers (RFC 9110, section 15.2).

    `http.client` takes the end of the connection for that of the head, and knows no interim answer but 100 Continue:
    it would take a 103 for the answer, and the answer for that of the connection's next request. Its way to read
    fields, the e-mail parser, took a fifth of the time of an attempt.
    """

    give_back: Callable[[bool], None]  # its connection, which can be used again or not
    _is_whole = False

    def begin(self) -> None:
        """Read the head and give it to the running attempt; raise HTTPException for one that breaks the rules."""
        attempt = running.attempt
        version, self.status, self.reason = self._read_final_status()
        attempt.headers = self._read_fields()
        self.headers = self.msg = self._values = _joined(attempt.headers)  # type: ignore[assignment]
        self.version = 10 if version in ("HTTP/1.0", "HTTP/0.9") else 11
        if not version.startswith(("HTTP/1.", "HTTP/0.9")):
            raise http.client.UnknownProtocol(version)
        self.will_close = self._check_close()  # type: ignore[attr-defined]
        self._frame()

    def take(self, limit: int) -> tuple[bytes, bool]:
        """Return at most `limit` bytes of the body, and whether there were more."""
        body = bytearray()
        while self.length != 0 and (chunk := self.read1(_CHUNK)):
            body += chunk
            if len(body) > limit:
                return bytes(body[:limit]), True
        if self.length:
            raise IncompleteRead(len(body), self.length)
        self._is_whole = True
        return bytes(body), False

    def finish(self) -> None:
        """Give the connection back to its pool, to be used again when the answer was read to its end."""
        self.close()
        self.give_back(self._is_whole and not self.will_close)

    def _read_final_status(self) -> tuple[str, int, str]:
        for _ in range(_MAX_INTERIM):
            version, status, reason = self._read_status()  # type: ignore[attr-defined]
            running.attempt.status = status
            if not 100 <= status < 200:
                return version, status, reason.strip()
            if status == HTTPStatus.SWITCHING_PROTOCOLS:
                raise http.client.HTTPException("101 Switching Protocols was not asked for")
            self._read_fields()
        raise http.client.HTTPException(f"more than {_MAX_INTERIM} interim answers came")

    def _read_fields(self) -> tuple[tuple[str, str], ...]:
        """Return the header fields up to the blank line, in their order and case."""
        lines: list[str] = []
        while (line := self.fp.readline(_MAX_LINE + 1)) not in _BLANK_LINES:
            if not line:
                raise http.client.HTTPException("it ends within its head")
            if len(line) > _MAX_LINE:
                raise http.client.LineTooLong("header line")
            text = line.decode("latin-1").rstrip("\r\n").translate(_UNFIT)
            if text.startswith((" ", "\t")) and lines:  # obsolete line folding (RFC 9112, section 5.2)
                lines[-1] = f"{lines[-1].rstrip()} {text.lstrip()}"
            else:
                lines.append(text)
            if len(lines) > _MAX_FIELDS:
                raise http.client.HTTPException(f"got more than {_MAX_FIELDS} headers")
        return tuple([_field(text) for text in lines])

    def _frame(self) -> None:
        """Find out where the body ends (RFC 9112, section 6.3)."""
        codings = self._values.get("transfer-encoding", "").lower().split(",")
        self.chunked = "chunked" in [coding.strip() for coding in codings]
        self.chunk_left = None
        lengths = {length.strip() for length in self._values.get("content-length", "").split(",")}
        if len(lengths) > 1:
            raise InvalidHeader("Content-Length contained multiple unmatching values")
        length = lengths.pop()
        self.length = int(length) if length.isascii() and length.isdigit() and not self.chunked else None
        if self.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED) or self._method == "HEAD":  # type: ignore[attr-defined]
            self.length = 0
        if not self.chunked and self.length is None:
            self.will_close = True


def _field(line: str) -> tuple[str, str]:
    match = _FIELD.fullmatch(line)
    if match is None:
        raise http.client.HTTPException("a line of its head is no header field")
    return match[1], match[2]


def _joined(fields: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Return the values by lower-case name, those of one name joined (RFC 9110, section 5.2)."""
    values: dict[str, str] = {}
    for name, value in fields:
        key = name.lower()
        values[key] = f"{values[key]}, {value}" if key in values else value
    return values
