"""All that the inspector shows of one capture, ready for a template that only escapes and arranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from receiver.core import bodies, encoding, exports, hexdump, hints
from receiver.core.bodies import Body, Part, View, form
from receiver.models import Bin, Capture
from receiver.services import context
from receiver.views import links
from receiver.views.api.schemas import AnswerOut, answer_of
from shared.exchange import Response
from shared.headers import get
from shared.source import highlight

SHOWN = 256 * 1024  # bytes of a body that a page shows by itself
SHOWN_AT_MOST = 2 * 1024 * 1024  # when asked for all of it; beyond that there is the download
_HEX_SHOWN = 32 * 1024

Tokens = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class BodyDetail:
    """A body in its three forms. `is_cut` says that a page shows only its beginning, `can_show_all` that it could."""

    view: View
    pretty: Tokens
    raw: str | None
    hex: str
    hex_is_cut: bool
    notes: Sequence[str]
    is_cut: bool
    can_show_all: bool


@dataclass(frozen=True, slots=True)
class Detail:
    """One capture with everything about it."""

    capture: Capture
    body: BodyDetail
    query: Sequence[Part]
    fields: Sequence[Part]
    files: Sequence[tuple[int, Part]]  # with their number among the parts
    media_type: str
    event_type: str
    answer: AnswerOut
    curl: str
    url: str


def build(owner: Bin, capture: Capture, *, show_all: bool = False) -> Detail:
    """Return the detail of a capture that was loaded with its body."""
    body = _body(capture, SHOWN_AT_MOST if show_all else SHOWN)
    parts = list(enumerate(body.view.parts))
    return Detail(
        capture=capture,
        body=body,
        query=_query(capture.query),
        fields=[part for _, part in parts if part.filename is None],
        files=[(number, part) for number, part in parts if part.filename is not None],
        media_type=hints.media_type(capture.headers),
        event_type=hints.event_type(capture.headers),
        answer=answer_of(capture),
        curl=_curl(capture),
        url=links.inspect_url(owner, capture.id),
    )


def parts_of(capture: Capture) -> Sequence[Part]:
    """Return the fields and files of a capture's body, however large, in their order."""
    body, _ = _decode(capture, len(capture.body))
    return bodies.view(body).parts


def text_of_answer(response: Response | None) -> str | None:
    """Return the body of another server's answer as text for a page; None when there is no text to show."""
    if response is None or not response.body:
        return None
    return Body.of(response.body, get(response.headers, "content-type") or "", limit=len(response.body)).text


def _body(capture: Capture, limit: int) -> BodyDetail:
    body, note = _decode(capture, limit)
    view = bodies.view(body)
    return BodyDetail(
        view=view,
        pretty=[] if view.text is None else highlight.tokens(view.text, view.language),
        raw=body.text,
        hex=hexdump.dump(capture.body[:_HEX_SHOWN]),
        hex_is_cut=len(capture.body) > _HEX_SHOWN,
        notes=[note for note in (note, view.note) if note],
        is_cut=body.cut,
        can_show_all=body.cut and limit < SHOWN_AT_MOST,
    )


def _decode(capture: Capture, limit: int) -> tuple[Body, str]:
    """Return at most `limit` bytes of a body without its content codings, and what a reader should know of that."""
    decoded = encoding.decode(capture.body, get(capture.headers, "content-encoding") or "", limit=limit)
    return Body.of(decoded.data, get(capture.headers, "content-type") or "", limit=limit), decoded.note


def _query(query: str) -> Sequence[Part]:
    try:
        return form.fields(query)
    except ValueError:  # more of them than anybody reads: the target shows them raw
        return ()


def _curl(capture: Capture) -> str:
    origin = context.current().settings.receiver_url
    body_url = f"{origin}/api/v1/bins/{capture.bin_id}/requests/{capture.id}/body"
    return exports.curl(origin, capture.method, capture.target, capture.headers, capture.body, body_url=body_url)
