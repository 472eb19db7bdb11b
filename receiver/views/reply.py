"""Answers of the inbox, below Flask: a status, headers and bytes, made safe for the origin they come from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from receiver.core.responses import Answer
from shared.errors import HookloopError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# A bin's answer may come from the origin of the pages: it must not run there, and not be taken for what it is not.
_SAFE = (("Content-Security-Policy", "sandbox"), ("X-Content-Type-Options", "nosniff"))
_CODE = frozenset({"script", "style", "worker", "sharedworker", "serviceworker", "audioworklet", "paintworklet"})


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `headers` come before the ones that every answer gets."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def send(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Start the response and return its body (none to HEAD, RFC 9110 §9.3.2)."""
        headers = [*_harmless(self.headers, environ), *_SAFE]
        if not any(name.lower() == "cache-control" for name, _ in headers):
            headers.append(("Cache-Control", "no-store"))
        if self.status not in (204, 304):
            headers.append(("Content-Length", str(len(self.body))))
        start_response(f"{self.status} {_reason(self.status)}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" or not self.body else [self.body]


def default(capture_id: str) -> Reply:
    """Return what a bin without a rule answers."""
    return _json(200, "application/json", {"ok": True, "id": capture_id})


def ruled(answer: Answer) -> Reply:
    """Return what a bin's rule answers."""
    return Reply(answer.status, answer.all_headers(), answer.body.encode())


def problem(error: HookloopError, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """Return an error as a problem document (RFC 9457)."""
    document = {"type": "about:blank", "title": error.title, "status": error.status, "detail": error.detail}
    return _json(error.status, "application/problem+json", document, headers)


def _json(status: int, content_type: str, document: Any, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    return Reply(status, (("Content-Type", content_type), *headers), json.dumps(document).encode())


def _harmless(headers: Sequence[tuple[str, str]], environ: WSGIEnvironment) -> list[tuple[str, str]]:
    """Return `headers`, as plain text if a page of our own origin asks for them as code.

    The pages' policy lets them run scripts of their own origin; with `nosniff` plain text is none.
    """
    is_own_page = environ.get("HTTP_SEC_FETCH_SITE") == "same-origin"
    if is_own_page and environ.get("HTTP_SEC_FETCH_DEST") in _CODE:
        return [*(pair for pair in headers if pair[0].lower() != "content-type"), ("Content-Type", "text/plain")]
    return list(headers)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unassigned"
