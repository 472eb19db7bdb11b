"""The sender's pages: webhooks with the catalogue at their foot, and deliveries with their attempts."""

from __future__ import annotations

import json

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sender.core.drafts import WebhookDraft
from sender.models import Webhook
from sender.services import context, deliveries, event_types, events, queries, webhooks
from sender.services.events import EventDraft
from sender.services.queries import DeliveryFilter, WebhookFilter
from shared import outcome
from shared.errors import FieldError, InvalidInput

PER_PAGE = 50

blueprint = Blueprint("pages", __name__)


def install(app: Flask) -> None:
    """Register the pages with `app`."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals["outcome_title"] = outcome.title


@blueprint.get("/")
def home() -> Response:
    """Lead to the webhooks."""
    return redirect(url_for("pages.webhooks"))


@blueprint.get("/webhooks", endpoint="webhooks")
def list_webhooks() -> str:
    """Show the form, the registered webhooks and all available events."""
    return _webhooks_page({}, ())


@blueprint.post("/webhooks")
def add_webhook() -> tuple[str, int] | Response:
    """Register a webhook from the form; show what is wrong beside the fields."""
    draft = WebhookDraft(
        name=request.form.get("name", ""),
        url=request.form.get("url", ""),
        event_types=[request.form.get("event", "")],
        active=True,
        integration="manual",
        body_format=request.form.get("body_format", "standard"),
        scheme="standard",
        headers={},
    )
    try:
        webhook = webhooks.create(context.current(), draft)
    except InvalidInput as error:
        return _webhooks_page(request.form.to_dict(), error.errors), 422
    flash(f"{webhook.name} was added. Send it a test event.", "success")
    return redirect(url_for("pages.webhooks"))


@blueprint.post("/webhooks/<webhook_id>/test")
def send_test(webhook_id: str) -> str:
    """Send the webhook's first event type as a test and show what came back."""
    delivery = deliveries.send_test(context.current(), webhook_id, request.form.get("event_type") or None)
    return render_template("delivery.html", delivery=delivery, is_test_result=True)


@blueprint.post("/webhooks/<webhook_id>/<any(pause, activate, delete):verb>")
def change_webhook(webhook_id: str, verb: webhooks.BulkVerb) -> Response:
    """Pause, activate or delete a webhook."""
    name = queries.get_webhook(webhook_id).name
    webhooks.apply(verb, [webhook_id])
    flash(f"{name}: {verb}d.", "success")
    return redirect(url_for("pages.webhooks"))


@blueprint.get("/deliveries", endpoint="deliveries")
def list_deliveries() -> str:
    """Show deliveries, newest first."""
    wanted = DeliveryFilter(state=request.args.get("state") or None, webhook_id=request.args.get("webhook_id") or None)
    page = queries.list_deliveries(wanted, PER_PAGE, request.args.get("cursor"))
    return render_template("deliveries.html", page=page, wanted=wanted)


@blueprint.get("/deliveries/<delivery_id>")
def delivery(delivery_id: str) -> str:
    """Show a delivery with the timeline of its attempts."""
    return render_template("delivery.html", delivery=queries.get_delivery(delivery_id), is_test_result=False)


@blueprint.post("/deliveries/<delivery_id>/<any(resend, cancel):verb>")
def change_delivery(delivery_id: str, verb: str) -> Response:
    """Resend a finished delivery as a new one, or cancel one that waits."""
    changed = deliveries.resend(delivery_id) if verb == "resend" else deliveries.cancel(delivery_id)
    return redirect(url_for("pages.delivery", delivery_id=changed.id))


@blueprint.get("/send")
def compose() -> str:
    """Show the form that composes an event, starting from the example of its type."""
    kinds = event_types.all_types()
    kind = event_types.get(request.args.get("type") or "payment_received")
    text = json.dumps(kind.example, indent=2, ensure_ascii=False)
    return render_template("send.html", kinds=kinds, slug=kind.slug, payload=text, error=None, published=None)


@blueprint.post("/send")
def send() -> tuple[str, int]:
    """Publish the composed event and say which webhooks it went to."""
    slug, text = request.form.get("type", ""), request.form.get("payload", "")
    published, error = None, None
    try:
        published = events.publish(context.current(), EventDraft(slug, _read_object(text)))
    except InvalidInput as refused:
        error = refused.detail
    page = render_template(
        "send.html", kinds=event_types.all_types(), slug=slug, payload=text, error=error, published=published
    )
    return page, 422 if error else 200


@blueprint.get("/event-types", endpoint="event_types")
def list_event_types() -> str:
    """Show the catalogue."""
    return render_template("event_types.html", kinds=event_types.all_types(), examples=_examples())


def _webhooks_page(values: dict[str, str], errors: tuple[FieldError, ...]) -> str:
    wanted = WebhookFilter(q=request.args.get("q"), state=request.args.get("state"))
    page = queries.list_webhooks(wanted, PER_PAGE, request.args.get("cursor"))
    return render_template(
        "webhooks.html",
        page=page,
        wanted=wanted,
        kinds=event_types.all_types(),
        examples=_examples(),
        values=values,
        errors={error.field: error.message for error in reversed(errors)},
        last_result=_last_result,
    )


def _last_result(webhook: Webhook) -> str:
    """Return in words how the last attempt for `webhook` ended; empty before the first."""
    kind: outcome.OutcomeKind | None = webhook.last_outcome  # type: ignore[assignment]  # the column holds kinds only
    return outcome.title(kind, webhook.last_status) if kind else ""


def _examples() -> dict[str, str]:
    return {kind.slug: json.dumps(kind.example, indent=2, ensure_ascii=False) for kind in event_types.all_types()}


def _read_object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InvalidInput.of(FieldError("payload", f"The payload is not valid JSON: {error}.")) from None
    if not isinstance(value, dict):
        raise InvalidInput.of(FieldError("payload", "The payload must be a JSON object."))
    return value
