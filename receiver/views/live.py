"""Live answers of the inspector: the stream of what happens in a bin, and the poll beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Response

from receiver.models import Bin, Capture
from receiver.services import bins, captures, context
from shared.errors import NotFound
from shared.moments import microseconds
from shared.web import streams

_AT_ONCE = 100

# Gets a bin as it now is, its new captures, and whether something else about it changed; gives (event id, data) pairs.
Tell = Callable[[Bin, Iterable[Capture], bool], Iterable[tuple[str, Any]]]


def stream(owner: Bin, tell: Tell) -> Response:
    """Return the stream of what happens in a bin, from where the client left off; raise Busy when all are taken."""
    bin_id, position, heard = owner.id, where_from(owner), _heard(owner)

    def look() -> tuple[Iterable[tuple[str, Any]], bool] | None:
        nonlocal position, heard
        try:
            owner = bins.get(bin_id)
            new = captures.after(bin_id, position, _AT_ONCE)
            events = list(tell(owner, new, heard != _as_of(owner)))
            position = new[-1].position if new else position
            heard = _as_of(owner)
            return events, len(new) == _AT_ONCE
        except NotFound:
            return None
        finally:
            captures.let_go()  # a stream that waits holds no connection

    return streams.respond(context.current().live.listening(bin_id), look)


def news(owner: Bin, tell: Tell) -> list[dict[str, Any]]:
    """Return what the stream would have told since the client's last id: the answer to a poll."""
    new = captures.after(owner.id, where_from(owner), _AT_ONCE)
    return [data for _, data in tell(owner, new, _heard(owner) != _as_of(owner))]


def event_id(owner: Bin, position: int) -> str:
    """Return the id by which a client says that it knows the captures up to `position`, and the bin as it now is."""
    return f"{position}.{_as_of(owner)}"


def _as_of(owner: Bin) -> str:
    """Return a name for what a person made of a bin last."""
    return str(microseconds(owner.updated_at))


def _heard(owner: Bin) -> str:
    """Return as of which change the client knows the bin: empty if its id does not say, the last without any id."""
    said = streams.last_id()
    return said.partition(".")[2] if said else _as_of(owner)


def where_from(owner: Bin) -> int:
    """Return the position behind which the client wants captures; without a word from it, the newest."""
    position = streams.last_id().partition(".")[0]
    if not position.isascii() or not position.isdigit() or len(position) > 18:
        return owner.captured_count
    return min(int(position), owner.captured_count)  # never beyond: it would hear nothing for a long time
