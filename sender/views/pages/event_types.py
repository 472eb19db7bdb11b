"""The pages of the catalogue: all event types, and the form of one's own."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sender.services import event_types
from sender.services.event_types import CUSTOM, EventType, EventTypeDraft
from sender.views.pages.base import blueprint, pretty, read_object
from shared.errors import Conflict, FieldError, InvalidInput

EXAMPLE = '{\n  "id": 1,\n  "created_at": "2025-01-31T12:00:00Z"\n}'


@blueprint.get("/event-types", endpoint="event_types")
def list_event_types() -> str:
    """Show the catalogue, retired types included."""
    kinds = event_types.all_types(retired=True)
    return render_template(
        "event_types.html", kinds=kinds, examples={kind.slug: pretty(kind.example) for kind in kinds}, custom=CUSTOM
    )


@blueprint.get("/event-types/new")
def new_event_type() -> str:
    """Show the form of a new event type."""
    return _page(None, {"example": EXAMPLE}, {})


@blueprint.post("/event-types/new")
def add_event_type() -> Response | tuple[str, int]:
    """Add an event type."""
    try:
        kind = event_types.create(_read(request.form.get("slug", "").strip()))
    except Conflict as error:
        return _page(None, request.form.to_dict(), {"slug": error.detail}), error.status
    except InvalidInput as error:
        return _page(None, request.form.to_dict(), error.by_field()), error.status
    return _done(f"{kind.name} is added.", kind.slug)


@blueprint.get("/event-types/<slug>/edit")
def edit_event_type(slug: str) -> str:
    """Show the form of an event type of one's own."""
    kind = event_types.own(slug)
    values = {
        "name": kind.name,
        "description": kind.description,
        "example": pretty(kind.example),
        "schema": pretty(kind.schema),
    }
    return _page(kind, values, {})


@blueprint.post("/event-types/<slug>/edit")
def change_event_type(slug: str) -> Response | tuple[str, int]:
    """Save an event type of one's own."""
    kind = event_types.own(slug)
    try:
        event_types.change(slug, _read(slug))
    except InvalidInput as error:
        return _page(kind, request.form.to_dict(), error.by_field()), error.status
    return _done("The event type is saved.", slug)


@blueprint.post("/event-types/<slug>/<any(retire, restore):verb>")
def mark_event_type(slug: str, verb: str) -> Response:
    """Take an event type out of use, or bring it back."""
    kind = event_types.mark(slug, retired=verb == "retire")
    words = "is retired: no longer offered nor published" if verb == "retire" else "is in use again"
    return _done(f"{kind.name} {words}.", slug)


def _read(slug: str) -> EventTypeDraft:
    """Return the draft that the form describes; raise InvalidInput, naming both fields when both are no JSON."""
    faults: list[FieldError] = []
    found: dict[str, dict[str, Any] | None] = {"example": None, "schema": None}
    for field in found:
        text = request.form.get(field, "")
        if field == "schema" and not text.strip():
            continue
        try:
            found[field] = read_object(field, text)
        except InvalidInput as error:
            faults.extend(error.errors)
    if faults:
        raise InvalidInput.of(*faults)
    return EventTypeDraft(
        slug=slug,
        name=request.form.get("name", ""),
        description=request.form.get("description", ""),
        example=found["example"] or {},
        schema=found["schema"],
    )


def _done(text: str, slug: str) -> Response:
    flash(text, "success")
    return redirect(url_for("pages.event_types", _anchor=f"event-{slug}"), 303)


def _page(kind: EventType | None, values: dict[str, Any], errors: dict[str, str]) -> str:
    return render_template("event_type.html", kind=kind, values=values, errors=errors)
