"""`/api/v1/bins/{id}/stream`: captures as they arrive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from receiver.models import Bin, Capture
from receiver.services import bins
from receiver.views import live
from receiver.views.api.schemas import ById, CaptureOut

api = APIBlueprint(
    "api_stream",
    __name__,
    url_prefix="/api/v1/bins/<id>/stream",
    abp_tags=[Tag(name="Captures")],
    abp_security=[{"token": []}],
)


@api.get("", responses={200: {"content": {"text/event-stream": {}}}})
def stream_captures(path: ById) -> Response:
    """Hear of captures as they arrive (server-sent events).

    Each event's `id` is the capture's position and its `data` the capture as JSON. With `Last-Event-ID`, or
    `?after=`, the stream begins behind that position, so that nothing is missed. 503 with `Retry-After` when all
    streams are taken.
    """
    return live.stream(bins.get(path.id), _tell)


def _tell(_owner: Bin, new: Iterable[Capture], _changed: bool) -> Iterator[tuple[str, Any]]:
    for capture in new:
        yield str(capture.position), CaptureOut.of(capture).model_dump_json()
