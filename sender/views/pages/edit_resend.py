"""The page on which a person mends the payload of an old delivery and sends it to the same webhook."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sender.models import Delivery
from sender.services import context, deliveries, operations, queries
from sender.views.pages.base import blueprint, read_object
from shared.errors import Conflict, InvalidInput, TooLarge
from shared.source import jsontext


@blueprint.get("/deliveries/<delivery_id>/edit")
def edit_resend(delivery_id: str) -> Response | str:
    """Show the payload of a finished delivery's event, to be edited."""
    delivery = queries.get_delivery(delivery_id)
    try:
        deliveries.refuse_edit(delivery)
    except Conflict as error:
        flash(error.detail, "error")
        return redirect(url_for("pages.delivery", delivery_id=delivery_id), 303)
    return _page(delivery, jsontext.pretty(delivery.event.payload))


@blueprint.post("/deliveries/<delivery_id>/edit")
def send_edited(delivery_id: str) -> Response | tuple[str, int]:
    """Publish the edited payload as a new event for the same webhook; what cannot be sent now is shown again."""
    delivery = queries.get_delivery(delivery_id)
    text = request.form.get("payload", "")
    try:
        resent = deliveries.resend_edited(context.current(), delivery_id, read_object("payload", text))
    except Conflict as error:
        return _page(delivery, text, conflict=error.detail), error.status
    except InvalidInput as error:
        return _page(delivery, text, error.by_field()["payload"]), error.status
    except TooLarge as error:
        return _page(delivery, text, error.detail), error.status
    flash("A new event with the edited payload is on its way.", "success")
    if resent.warnings:
        fields = ", ".join(dict.fromkeys(problem.field for problem in resent.warnings))
        flash(f"The payload departs from the schema ({fields}); it was sent all the same.", "warn")
    return redirect(url_for("pages.delivery", delivery_id=resent.delivery.id), 303)


@blueprint.app_template_filter("is_operational")
def is_operational(slug: str) -> bool:
    """Return whether only Hookloop itself publishes events of this type, whose payload is not edited."""
    return operations.is_operational(slug)


def _page(delivery: Delivery, text: str, error: str | None = None, conflict: str | None = None) -> str:
    return render_template("edit_resend.html", delivery=delivery, payload=text, error=error, conflict=conflict)
