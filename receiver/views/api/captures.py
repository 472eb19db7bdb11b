"""`/api/v1/bins/{id}/requests`: what a bin captured."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field

from receiver.services import bins, captures, context, forwards
from receiver.views import downloads
from receiver.views.api.schemas import ById, ByRequestId, CaptureOut, CapturePage, ForwardIn, ForwardOut
from shared.web.json import nothing, reply
from shared.web.schemas import PageQuery

api = APIBlueprint(
    "api_captures",
    __name__,
    url_prefix="/api/v1/bins/<id>/requests",
    abp_tags=[Tag(name="Captures", description="Requests that arrived at a bin.")],
    abp_security=[{"token": []}],
)


class CaptureQuery(PageQuery):
    """Which captures to list."""

    q: str | None = Field(
        None, description='Words in method, target, headers or body; `method:`, `path:`, `header:`, `body:"two words"`.'
    )


@api.get("", responses={200: CapturePage})
def list_captures(path: ById, query: CaptureQuery) -> Response:
    """List a bin's captures, newest first, without their bodies."""
    page = captures.list_captures(bins.get(path.id).id, query.q, query.limit, query.cursor)
    return reply(CapturePage(items=[CaptureOut.of(row) for row in page.items], next_cursor=page.next_cursor))


@api.delete("", responses={204: None})
def delete_captures(path: ById) -> Response:
    """Delete all captures of a bin; positions go on counting."""
    bins.clear(path.id)
    return nothing()


@api.get("/<request_id>", responses={200: CaptureOut})
def get_capture(path: ByRequestId) -> Response:
    """Get one capture."""
    return reply(CaptureOut.of(captures.get(bins.get(path.id).id, path.request_id)))


@api.get("/<request_id>/body", responses={200: {"content": {"application/octet-stream": {}}}})
def get_body(path: ByRequestId) -> Response:
    """Get the body of a capture, byte for byte."""
    return downloads.body(captures.get(bins.get(path.id).id, path.request_id, with_body=True))


@api.delete("/<request_id>", responses={204: None})
def delete_capture(path: ByRequestId) -> Response:
    """Delete one capture."""
    bins.remove_capture(path.id, path.request_id)
    return nothing()


@api.post("/<request_id>/forward", responses={200: ForwardOut})
def forward_capture(path: ByRequestId, body: ForwardIn) -> Response:
    """Send a capture on to another URL, and wait for what comes back."""
    capture = captures.get(bins.get(path.id).id, path.request_id, with_body=True)
    return reply(ForwardOut.of(forwards.forward(context.current(), capture, body.url)))
