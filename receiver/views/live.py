"""Live answers: server-sent events (WHATWG HTML §9.2) that resume without loss, and the poll beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

from flask import Response, request, stream_with_context

from receiver import wire
from receiver.models import Bin, Capture
from receiver.services import bins, captures, context
from receiver.services.live import Subscription
from shared.errors import NotFound

RETRY_MS = 2000
PING_SECONDS = 15.0
_LOOK_SECONDS = 0.5  # how soon a window that was closed gives its place to another
_AT_ONCE = 100

# Gets a bin as it now is, its new captures, and whether something else about it changed; gives (event id, data) pairs.
Tell = Callable[[Bin, Iterable[Capture], bool], Iterable[tuple[str, Any]]]


def stream(owner: Bin, tell: Tell) -> Response:
    """Return the stream of what happens in a bin, from where the client left off; raise Busy when all are taken."""
    start = where_from(owner)
    with ExitStack() as stack:
        ear = stack.enter_context(context.current().live.listening(owner.id))
        response = Response(
            stream_with_context(_events(owner.id, start, tell, ear)),
            content_type="text/event-stream; charset=utf-8",
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )
        response.call_on_close(stack.pop_all().close)  # also when the stream never starts
    return response


def news(owner: Bin, tell: Tell) -> list[dict[str, Any]]:
    """Return what the stream would have told since the client's last id: the answer to a poll."""
    new = captures.after(owner.id, where_from(owner), _AT_ONCE)
    return [data for _, data in tell(owner, new, False)]


def where_from(owner: Bin) -> int:
    """Return the position behind which the client wants captures; without a word from it, the newest."""
    said = request.headers.get("Last-Event-ID") or request.args.get("after") or ""
    position = said.partition(".")[0]
    if not position.isascii() or not position.isdigit() or len(position) > 18:
        return owner.captured_count
    return min(int(position), owner.captured_count)  # never beyond: it would hear nothing for a long time


def _events(bin_id: str, position: int, tell: Tell, ear: Subscription) -> Iterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    known = None
    while not ear.ended:
        try:
            owner = bins.get(bin_id)
            new = captures.after(bin_id, position, _AT_ONCE)
            changed = known is not None and known != owner.updated_at
            known = owner.updated_at
            events = [_event(event_id, data) for event_id, data in tell(owner, new, changed)]
            position = new[-1].position if new else position
        except NotFound:
            return
        finally:
            captures.release()  # a stream that waits holds no connection
        yield from events
        if len(new) < _AT_ONCE and not _wait(ear):
            if wire.has_left(request.environ):
                return
            yield ": ping\n\n"


def _wait(ear: Subscription) -> bool:
    """Return whether the bin changed before it is time for a ping, or the client left."""
    for _ in range(int(PING_SECONDS / _LOOK_SECONDS)):
        if ear.wait(_LOOK_SECONDS):
            return True
        if wire.has_left(request.environ):
            break
    return False


def _event(event_id: str, data: Any) -> str:
    text = data if isinstance(data, str) else json.dumps(data)
    return f"id: {event_id}\ndata: {text}\n\n"
