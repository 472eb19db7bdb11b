"""`/api/v1/bins`: make bins, look at them, change and delete them."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field

from receiver.services import bins, context
from receiver.services.bins import UNCHANGED, BinDraft
from receiver.views.api.schemas import BinFields, BinIn, BinOut, BinPage, ById, RuleIn
from shared.web.json import nothing, reply
from shared.web.reference import refusal
from shared.web.schemas import PageQuery

api = APIBlueprint(
    "api_bins",
    __name__,
    url_prefix="/api/v1/bins",
    abp_tags=[Tag(name="Bins", description="URLs that capture what arrives at them.")],
    abp_security=[{"token": []}],
)


class BinQuery(PageQuery):
    """Which bins to list."""

    q: str | None = Field(None, description="Words in the name or the slug.")


@api.get("", responses={200: BinPage})
def list_bins(query: BinQuery) -> Response:
    """List bins, newest first."""
    page = bins.list_bins(query.q, query.limit, query.cursor)
    return reply(BinPage(items=[BinOut.of(row) for row in page.items], next_cursor=page.next_cursor))


@api.post("", responses={201: BinOut, 409: refusal("There is a bin with this slug already.")})
def create_bin(body: BinIn) -> Response:
    """Make a bin with a random or a chosen slug."""
    made = bins.create(context.current(), _draft(body), body.slug)
    return reply(BinOut.of(made), 201, Location=f"/api/v1/bins/{made.id}")


@api.put("/<id>", responses={200: BinOut, 201: BinOut})
def put_bin(path: ById, body: BinFields) -> Response:
    """Make sure that there is a bin with this slug (given for the id): 201 when it is new, 200 when it is changed."""
    owner, is_new = bins.put(context.current(), path.id, _draft(body))
    if is_new:
        return reply(BinOut.of(owner), 201, Location=f"/api/v1/bins/{owner.id}")
    return reply(BinOut.of(owner))


@api.get("/<id>", responses={200: BinOut})
def get_bin(path: ById) -> Response:
    """Get one bin."""
    return reply(BinOut.of(bins.get(path.id)))


@api.patch("/<id>", responses={200: BinOut})
def change_bin(path: ById, body: BinFields) -> Response:
    """Change a bin; what is not given stays."""
    return reply(BinOut.of(bins.change(path.id, _draft(body))))


@api.delete("/<id>", responses={204: None})
def delete_bin(path: ById) -> Response:
    """Delete a bin with all its captures."""
    bins.remove(path.id)
    return nothing()


@api.put("/<id>/response", responses={200: BinOut})
def set_response(path: ById, body: RuleIn) -> Response:
    """Decide what a bin answers; a sequence begins with the next capture."""
    return reply(BinOut.of(bins.set_response(path.id, body.document())))


@api.delete("/<id>/response", responses={204: None})
def reset_response(path: ById) -> Response:
    """Let a bin give the default answer again."""
    bins.set_response(path.id, None)
    return nothing()


def _draft(body: BinFields) -> BinDraft:
    response = UNCHANGED
    if "response" in body.model_fields_set:
        response = body.response.document() if body.response else None
    return BinDraft(name=body.name, max_requests=body.max_requests, response=response)
