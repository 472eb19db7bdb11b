"""The page on which a person composes an event, holds it against its schema, and sees which webhooks it goes to."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sender.services import context, event_types, events, queries
from sender.services.event_types import EventType
from sender.services.events import EventDraft
from sender.views.pages import webhook_form
from sender.views.pages.base import blueprint, posted, pretty
from sender.views.pages.drafts import Draft, draft_of, hold, read
from shared.errors import InvalidInput, NotFound, TooLarge
from shared.source import jsontext


@blueprint.get("/send")
def compose() -> str:
    """Show the form that composes an event, starting from the example of its type, or from what was just sent."""
    kinds = event_types.all_types()
    if sent := request.args.get("sent"):
        event = queries.get_event(sent)
        text = jsontext.pretty(event.payload)
        return _page(kinds, draft_of(event_types.get(event.type), text), event=event)
    kind = _chosen(kinds, request.args.get("type"))
    return _page(kinds, draft_of(kind, pretty(kind.example)))


@posted("/send/draft", "pages.compose")
def draft() -> str:
    """Show the form with what is asked of its draft done: checked, formatted, or replaced by the type's example."""
    kind = event_types.get(request.form.get("type", ""))
    return _page(event_types.all_types(), read(kind, request.form))


@blueprint.post("/send")
def send() -> Response | tuple[str, int]:
    """Publish the composed event; the answer says which webhooks it matched and where it departs from the schema."""
    slug, text = request.form.get("type", ""), request.form.get("payload", "")
    kinds = event_types.all_types()
    try:
        published = events.publish(context.current(), EventDraft(slug, hold(text)))
    except InvalidInput as error:
        return _page(kinds, Draft(slug, text), error.by_field()), error.status
    except TooLarge as error:
        return _page(kinds, Draft(slug, text), {"payload": error.detail}), error.status
    return redirect(url_for("pages.compose", sent=published.id), 303)


def _chosen(kinds: list[EventType], slug: str | None) -> EventType:
    """Return the type asked for, else a payment, else the first there is; raise NotFound when there is none."""
    if slug:
        return event_types.get(slug)
    for kind in kinds:
        if kind.slug == "payment_received":
            return kind
    if not kinds:
        raise NotFound("All event types are retired; restore one to send an event.")
    return kinds[0]


def _page(kinds: list[EventType], draft: Draft, errors: dict[str, str] | None = None, **shown: Any) -> str:
    options = webhook_form.choices(kinds)[:-1]
    return render_template("send.html", options=options, draft=draft, errors=errors or {}, **shown)
