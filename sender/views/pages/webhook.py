"""The page of one webhook: all of its settings, its secret, and its recent deliveries."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sender.models import Webhook
from sender.services import context, event_types, queries, webhooks
from sender.services.queries import DeliveryFilter
from sender.views.pages import webhook_form
from sender.views.pages.base import blueprint, by_field
from shared.errors import InvalidInput

RECENT = 10


@blueprint.get("/webhooks/<webhook_id>")
def edit_webhook(webhook_id: str) -> str:
    """Show a webhook with all that can be set."""
    webhook = queries.get_webhook(webhook_id)
    return _page(webhook, webhook_form.of_draft(webhooks.draft_of(webhook), event_types.all_types()), {})


@blueprint.post("/webhooks/<webhook_id>")
def change_webhook(webhook_id: str) -> Response | tuple[str, int]:
    """Save a webhook's settings; the secret stays unless another is given."""
    webhook = queries.get_webhook(webhook_id)
    try:
        webhooks.change(context.current(), webhook_id, webhook_form.read(request.form))
    except InvalidInput as error:
        return _page(webhook, webhook_form.of_form(request.form), by_field(error)), error.status
    flash("The webhook is saved.", "success")
    return redirect(url_for("pages.edit_webhook", webhook_id=webhook_id), 303)


@blueprint.post("/webhooks/<webhook_id>/secret")
def reveal_secret(webhook_id: str) -> str:
    """Show a webhook's signing secret; with scripts the answer opens as a dialog."""
    webhook = queries.get_webhook(webhook_id)
    secret = webhooks.reveal_secret(context.current(), webhook_id)
    return render_template("secret.html", webhook=webhook, secret=secret)


def _page(webhook: Webhook, values: dict[str, Any], errors: dict[str, str]) -> str:
    kinds = event_types.all_types()
    return render_template(
        "webhook.html",
        webhook=webhook,
        values=values,
        errors=errors,
        kinds=kinds,
        formats=webhook_form.FORMATS,
        schemes=webhook_form.SCHEMES,
        recent=queries.list_deliveries(DeliveryFilter(webhook_id=webhook.id), RECENT, None).items,
    )
