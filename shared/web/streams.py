"""Server-sent events (WHATWG HTML §9.2) as both services answer with them: resumable, and ended when nobody listens."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from flask import Response, request, stream_with_context

from shared.live import Subscription

RETRY_MS = 2000
PING_SECONDS = 15.0
_LOOK_SECONDS = 0.5  # how soon a window that was closed gives its place to another

Event = tuple[str, Any]  # its id, and what it says: text, or a value for JSON
# Gives the events since the last call, and whether there may be more at once; None when there will never be another.
Look = Callable[[], tuple[Iterable[Event], bool] | None]


def respond(listening: AbstractContextManager[Subscription], look: Look) -> Response:
    """Return the stream of what `look` finds, called at first and after each change; raise Busy when all are taken."""
    with ExitStack() as stack:
        ear = stack.enter_context(listening)
        response = Response(
            stream_with_context(_events(ear, look)),
            content_type="text/event-stream; charset=utf-8",
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )
        response.call_on_close(stack.pop_all().close)  # also when the stream never starts
    return response


def last_id() -> str:
    """Return the id after which the client wants events; empty without a word from it."""
    return request.headers.get("Last-Event-ID") or request.args.get("after") or ""


def has_left(environ: Mapping[str, Any]) -> bool:
    """Return whether the client has closed its end, as far as the server lets us see."""
    connection = environ.get("gunicorn.socket")
    try:
        return connection is not None and connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except (BlockingIOError, ValueError):  # nothing to read; TLS, which has no peeking
        return False
    except OSError:
        return True


def _events(ear: Subscription, look: Look) -> Iterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    while not ear.ended:
        found = look()
        if found is None:
            return
        events, more = found
        for event_id, data in events:
            text = data if isinstance(data, str) else json.dumps(data)
            yield f"id: {event_id}\ndata: {text}\n\n"
        if not more and not _wait(ear):
            if has_left(request.environ):
                return
            yield ": ping\n\n"


def _wait(ear: Subscription) -> bool:
    """Return whether something changed before it is time for a ping, or the client left."""
    for _ in range(int(PING_SECONDS / _LOOK_SECONDS)):
        if ear.wait(_LOOK_SECONDS):
            return True
        if has_left(request.environ):
            break
    return False
