"""The page on which a person composes an event and sees which webhooks it goes to."""

from __future__ import annotations

from flask import render_template, request

from sender.services import context, event_types, events
from sender.services.event_types import EventType
from sender.services.events import EventDraft, Published
from sender.views.pages import webhook_form
from sender.views.pages.base import blueprint, by_field, pretty, read_object
from shared.errors import InvalidInput, NotFound, TooLarge


@blueprint.get("/send")
def compose() -> str:
    """Show the form that composes an event, starting from the example of its type."""
    kinds = event_types.all_types()
    kind = _chosen(kinds, request.args.get("type"))
    return _page(kinds, kind.slug, pretty(kind.example))


@blueprint.post("/send")
def send() -> str | tuple[str, int]:
    """Publish the composed event; say which webhooks it matched and where it departs from the schema."""
    slug, text = request.form.get("type", ""), request.form.get("payload", "")
    kinds = event_types.all_types()
    try:
        published = events.publish(context.current(), EventDraft(slug, read_object("payload", text)))
    except InvalidInput as error:
        return _page(kinds, slug, text, by_field(error)), error.status
    except TooLarge as error:
        return _page(kinds, slug, text, {"payload": error.detail}), error.status
    return _page(kinds, slug, text, published=published)


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


def _page(
    kinds: list[EventType],
    slug: str,
    text: str,
    errors: dict[str, str] | None = None,
    published: Published | None = None,
) -> str:
    return render_template(
        "send.html",
        options=webhook_form.choices(kinds)[:-1],
        slug=slug,
        payload=text,
        errors=errors or {},
        published=published,
    )
