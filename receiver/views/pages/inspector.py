"""The inspector: a bin's captures on the left, one of them on the right, and news as they happen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response, jsonify, render_template, request

from receiver.core import hints
from receiver.core.bodies import Part
from receiver.models import Bin, Capture
from receiver.services import bins, captures
from receiver.views import detail, downloads, links, live
from receiver.views.pages.base import blueprint
from receiver.views.rows import Row, row_of
from shared.errors import NotFound

PER_PAGE = 50


@blueprint.get("/bins/<slug>")
def inspect(slug: str) -> str:
    """Show a bin with its newest capture, or how to send it the first one."""
    owner = bins.get(slug)
    if not owner.stored_count:
        return render_template("waiting.html", bin=owner, url=links.capture_url(owner), last_id=_last_id(owner))
    return _page(owner, None)


@blueprint.get("/bins/<slug>/<request_id>")
def inspect_capture(slug: str, request_id: str) -> str:
    """Show one capture of a bin: its permanent address."""
    owner = bins.get(slug)
    return _page(owner, captures.get(owner.id, request_id, with_body=True))


@blueprint.get("/bins/<slug>/<request_id>/body")
def download_body(slug: str, request_id: str) -> Response:
    """Hand out a captured body, byte for byte."""
    return downloads.body(captures.get(bins.get(slug).id, request_id, with_body=True))


@blueprint.get("/bins/<slug>/<request_id>/image")
def preview_image(slug: str, request_id: str) -> Response:
    """Show a captured raster image."""
    shown = downloads.preview(captures.get(bins.get(slug).id, request_id, with_body=True))
    if shown is None:
        raise NotFound("This capture is no image.")
    return shown


@blueprint.get("/bins/<slug>/<request_id>/parts/<int:number>")
def download_part(slug: str, request_id: str, number: int) -> Response:
    """Hand out one file of a multipart form."""
    parts = detail.parts_of(captures.get(bins.get(slug).id, request_id, with_body=True))
    if number >= len(parts):
        raise NotFound("This capture has no such part.")
    return downloads.attachment(parts[number].data, f"{request_id}-part-{number}.bin")


@blueprint.get("/bins/<slug>/stream")
def stream(slug: str) -> Response:
    """Tell a page what happens in its bin."""
    return live.stream(bins.get(slug), _tell)


@blueprint.get("/bins/<slug>/news")
def news(slug: str) -> Response:
    """Tell a page that cannot have a stream what happened since it last asked."""
    return jsonify(items=live.news(bins.get(slug), _tell))


def _page(owner: Bin, chosen: Capture | None) -> str:
    q = request.args.get("q", "").strip()
    cursor = request.args.get("cursor")
    page = captures.list_captures(owner.id, q, PER_PAGE, cursor)
    shown = chosen
    if shown is None and page.items:
        shown = captures.get(owner.id, page.items[0].id, with_body=True)
    return render_template(
        "inspect.html",
        bin=owner,
        url=links.capture_url(owner),
        rows=[row_of(owner, capture, q, cursor) for capture in page.items],
        detail=None if shown is None else detail.build(owner, shown, show_all="all" in request.args),
        chosen=chosen,
        q=q,
        cursor=cursor,
        last_id=_last_id(owner),
        older=page.next_cursor,
        rule=links.rule_summary(owner),
        dimmed=hints.ON_THE_WAY,
        pairs=_pairs,
    )


def _last_id(owner: Bin) -> str:
    return live.event_id(owner, owner.captured_count)


def _tell(owner: Bin, new: Iterable[Capture], changed: bool) -> Iterator[tuple[str, Any]]:
    """Tell of new captures by their rows, and of anything else by asking the page to renew its list."""
    counts = {"stored": owner.stored_count, "captured": owner.captured_count}
    for capture in new:
        html = _row_html(row_of(owner, capture))
        # Until it was asked to renew, a page does not know the bin as it now is.
        event_id = str(capture.position) if changed else live.event_id(owner, capture.position)
        yield event_id, {"id": event_id, "html": html, "counts": counts}
    if changed:
        event_id = live.event_id(owner, owner.captured_count)
        yield event_id, {"id": event_id, "renew": True, "counts": counts}


def _pairs(parts: Iterable[Part]) -> list[tuple[str, str]]:
    """Return fields as name and value, as the table of headers takes them."""
    return [(part.name, part.text if part.text is not None else f"({part.size} bytes)") for part in parts]


def _row_html(row: Row) -> str:
    return render_template("parts/row.html", row=row, shown_id=None)
