"""`/api/v1/replays`: send old events again."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from sender.services import replays
from sender.views.api.schemas.base import ById
from sender.views.api.schemas.replays import ReplayCount, ReplayDetail, ReplayIn, ReplayOut, ReplayPage
from shared.web.json import reply
from shared.web.schemas import PageQuery

api = APIBlueprint(
    "api_replays",
    __name__,
    url_prefix="/api/v1/replays",
    abp_tags=[Tag(name="Replays", description="Send old events again: what did not arrive, or what is asked for.")],
    abp_security=[{"token": []}],
)


@api.post("", responses={200: ReplayCount, 202: ReplayOut})
def create_replay(body: ReplayIn) -> Response:
    """Count what a replay would send (`dry_run`), or start it.

    What was counted is started with the `until` of that answer; without one it ends now, which is later.

    Each event and webhook that fit get one new delivery, `rate` of them a second. Webhooks that are paused or deleted
    get none, nor does one that has received the event meanwhile; test events are left out. What was counted for a
    webhook that is paused, disabled or deleted before its turn is `skipped`; when none is left, the replay is stopped.
    """
    draft = body.draft()
    if body.dry_run:
        counted = replays.count(draft)
        return reply(ReplayCount(count=counted.count, until=counted.until))
    replay = replays.create(draft)
    return reply(ReplayOut.of(replay), 202, Location=f"/api/v1/replays/{replay.id}")


@api.get("", responses={200: ReplayPage})
def list_replays(query: PageQuery) -> Response:
    """List replays, newest first."""
    page = replays.list_replays(query.limit, query.cursor)
    return reply(ReplayPage(items=[ReplayOut.of(row) for row in page.items], next_cursor=page.next_cursor))


@api.get("/<id>", responses={200: ReplayDetail})
def get_replay(path: ById) -> Response:
    """Get one replay, how far it is, and what became of the deliveries that it made."""
    replay = replays.get(path.id)
    return reply(ReplayDetail.counted(replay, replays.outcomes(replay)))


@api.post("/<id>/stop", responses={200: ReplayOut})
def stop_replay(path: ById) -> Response:
    """End a replay at once; the deliveries that it has made stay."""
    return reply(ReplayOut.of(replays.stop(path.id)))
