"""Multipart forms (RFC 7578): fields and files, read from the stored bytes when somebody looks at them."""

from __future__ import annotations

from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from receiver.core.bodies.base import Body, Part, View

_MOST_PARTS = 200  # a page cannot show more, and parsing must have an end


def keenness(body: Body) -> float:
    """By name, with the boundary that makes it readable."""
    return 1.0 if body.media_type.startswith("multipart/") and "boundary" in body.parameters else 0.0


def view(body: Body) -> View:
    """Every part with its name, type and content; raises ValueError when the body is no multipart message."""
    note = "Only the beginning is shown." if body.cut else ""
    return View("Multipart form", body.text, parts=_parts(body), note=note)


def _parts(body: Body) -> tuple[Part, ...]:
    decoder = MultipartDecoder(body.parameters["boundary"].encode("latin-1"), max_parts=_MOST_PARTS)
    decoder.receive_data(body.data)
    if not body.cut:
        decoder.receive_data(None)
    parts: list[Part] = []
    head: Field | File | None = None
    content = bytearray()
    while not isinstance(event := _next(decoder), Epilogue | NeedData):
        if isinstance(event, Field | File):
            head, content = event, bytearray()
        elif isinstance(event, Data) and head is not None:
            content += event.data
            if not event.more_data:
                parts.append(_part(head, bytes(content)))
    return tuple(parts)


def _next(decoder: MultipartDecoder) -> Event:
    try:
        return decoder.next_event()
    except Exception as error:  # Werkzeug raises its HTTP errors here
        raise ValueError("not a readable multipart message") from error


def _part(head: Field | File, content: bytes) -> Part:
    content_type = head.headers.get("content-type", "")
    filename = head.filename if isinstance(head, File) else None
    text = Body.of(content, content_type or "text/plain", limit=len(content)).text
    return Part(head.name, filename, content_type, content, text)
