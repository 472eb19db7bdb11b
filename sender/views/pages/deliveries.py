"""The pages of deliveries: all of them, and one with the timeline of its attempts."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sender.models import DELIVERY_STATES
from sender.services import deliveries, event_types, queries
from sender.services.queries import DeliveryFilter, WebhookFilter
from sender.views.pages.base import PER_PAGE, blueprint
from shared.errors import Conflict


@blueprint.get("/deliveries", endpoint="deliveries")
def list_deliveries() -> str:
    """Show deliveries, newest first, of one state, webhook or event type."""
    wanted = DeliveryFilter(
        state=request.args.get("state") or None,
        webhook_id=request.args.get("webhook_id") or None,
        event_id=request.args.get("event_id") or None,
        event_type=request.args.get("event_type") or None,
    )
    chosen = {name: getattr(wanted, name) for name in ("state", "webhook_id", "event_id", "event_type")}
    cursor = request.args.get("cursor")
    return render_template(
        "deliveries.html",
        page=queries.list_deliveries(wanted, PER_PAGE, cursor),
        chosen={name: value for name, value in chosen.items() if value},
        cursor=cursor,
        states=DELIVERY_STATES,
        webhooks=_webhook_options(wanted.webhook_id),
        event_types=_type_options(wanted.event_type),
    )


@blueprint.get("/deliveries/<delivery_id>")
def delivery(delivery_id: str) -> str:
    """Show a delivery with the timeline of its attempts."""
    return render_template("delivery.html", delivery=queries.get_delivery(delivery_id))


@blueprint.post("/deliveries/<delivery_id>/resend")
def resend(delivery_id: str) -> Response:
    """Send the event of a finished delivery once more, as a new delivery."""
    try:
        fresh = deliveries.resend(delivery_id)
    except Conflict as error:
        return _stay(delivery_id, error)
    flash("A new delivery of the same event is on its way.", "success")
    return redirect(url_for("pages.delivery", delivery_id=fresh.id), 303)


@blueprint.post("/deliveries/<delivery_id>/cancel")
def cancel(delivery_id: str) -> Response:
    """Give up a delivery that waits for its next attempt."""
    try:
        deliveries.cancel(delivery_id)
    except Conflict as error:
        return _stay(delivery_id, error)
    flash("The delivery is cancelled.", "success")
    return redirect(url_for("pages.delivery", delivery_id=delivery_id), 303)


def _stay(delivery_id: str, error: Conflict) -> Response:
    flash(error.detail, "error")
    return redirect(url_for("pages.delivery", delivery_id=delivery_id), 303)


def _webhook_options(chosen: str | None) -> list[tuple[str, str]]:
    """Return the newest webhooks to choose from; one that is chosen but not among them is named by its id."""
    newest = queries.list_webhooks(WebhookFilter(), queries.MAX_LIMIT, None).items
    options = [("", "Any webhook"), *((webhook.id, webhook.name) for webhook in newest)]
    return options if _has(options, chosen) else [*options, (chosen or "", chosen or "")]


def _type_options(chosen: str | None) -> list[tuple[str, str]]:
    kinds = event_types.all_types(retired=True)
    options = [("", "Any event type"), *((kind.slug, kind.slug) for kind in kinds)]
    return options if _has(options, chosen) else [*options, (chosen or "", chosen or "")]


def _has(options: list[tuple[str, str]], chosen: str | None) -> bool:
    return any(value == (chosen or "") for value, _ in options)
