"""The head of an answer, read more strictly than Python's own client reads it."""

from __future__ import annotations

import http.client
import re
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from http import HTTPStatus
from typing import Any

from shared.http.attempt import running

_MAX_INTERIM = 16
_FOLD = re.compile(r"[ \t]*\r\n[ \t]+")  # obsolete line folding (RFC 9112, section 5.2)
_NO_FIELD = FirstHeaderLineIsContinuationDefect | MissingHeaderBodySeparatorDefect


class _Lines:
    """A file to read lines from, which knows whether it came to its end."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.close = file.close
        self.ended = False

    def readline(self, limit: int) -> bytes:
        line: bytes = self._file.readline(limit)
        self.ended = not line
        return line


class Head(http.client.HTTPResponse):
    """An answer whose head has to be complete, and may follow any interim answers (RFC 9110, section 15.2).

    `http.client` takes the end of the connection for that of the head, and knows no interim answer but 100 Continue:
    it would take a 103 for the answer, and the answer for that of the connection's next request.
    """

    def begin(self) -> None:
        """Read the head and give it to the running attempt; raise HTTPException for one that breaks the rules."""
        file = self.fp
        self.fp = lines = _Lines(file)  # type: ignore[assignment]
        try:
            super().begin()
        finally:
            self.fp = file
        if lines.ended:
            raise http.client.HTTPException("it ends within its head")
        if self.msg.defects and any(isinstance(defect, _NO_FIELD) for defect in self.msg.defects):
            raise http.client.HTTPException("a line of its head is no header field")
        running.attempt.headers = tuple(
            (name, _FOLD.sub(" ", value) if "\n" in value else value) for name, value in self.msg.items()
        )

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MAX_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            running.attempt.status = status
            if not 100 <= status < 200:
                return version, status, reason
            if status == HTTPStatus.SWITCHING_PROTOCOLS:
                raise http.client.HTTPException("101 Switching Protocols was not asked for")
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException(f"more than {_MAX_INTERIM} interim answers came")
