"""Live pages: the elements of a page that changed since the client last heard, as a stream and as a poll."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response

from sender.services import context, queries
from shared.web import streams


@dataclass(frozen=True, slots=True)
class Shown:
    """An element of a page: its id, what it depends on, and how it is rendered."""

    id: str
    state: tuple[Any, ...]
    render: Callable[[], str]


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows now, top first; `is_all` when nothing was cut off at its end."""

    elements: Sequence[Shown]
    is_all: bool = True

    @property
    def version(self) -> str:
        """A name for exactly this content: the id of events, by which a client says what it has."""
        states = repr([(one.id, one.state) for one in self.elements])
        return hashlib.blake2b(states.encode(), digest_size=12).hexdigest()


def stream(look: Callable[[], View]) -> Response:
    """Return the stream of what changes in the view; raise what the first look raises, or Busy if all are taken.

    No change is numbered: whatever happened since the client's version, it gets the elements as they now are.
    """
    look()
    queries.let_go()  # so that the stream, which begins to listen only now, looks anew
    heard, before = streams.last_id(), None

    def find() -> tuple[list[tuple[str, Any]], bool]:
        nonlocal heard, before
        try:
            view = look()
            version = view.version
            news = [] if version == heard else [(version, _news(version, view, before))]
            heard, before = version, view
            return news, False
        finally:
            queries.let_go()

    return streams.respond(context.current().live.listening(), find)


def news(look: Callable[[], View]) -> list[dict[str, Any]]:
    """Return what changed since the client's version: the answer to a poll."""
    view = look()
    return [] if view.version == streams.last_id() else [_news(view.version, view, None)]


def _news(version: str, view: View, before: View | None) -> dict[str, Any]:
    """Return the elements that are not as they were `before` (None: it is not known), the lowest first.

    Beside them the ids of all: what a client shows beyond these is gone.
    """
    known = {one.id: one.state for one in before.elements} if before else {}
    changed = [one for one in reversed(view.elements) if known.get(one.id) != one.state]
    ids = [one.id for one in view.elements]
    rows = {"ids": ids, "down_to": "" if view.is_all or not ids else ids[-1]}  # the client may show more below
    return {"id": version, "html": "".join(one.render() for one in changed), "rows": rows}
