"""The page of one webhook: all of its settings, its secret, and its recent deliveries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sender.core import signatures
from sender.models import Webhook
from sender.services import context, deliveries, event_types, queries, secrets, webhooks
from sender.services.listing import DeliveryFilter
from sender.views.live import Shown, View
from sender.views.pages import health, webhook_form
from sender.views.pages.base import blueprint, followed
from shared import clock
from shared.counts import counted
from shared.errors import Conflict, InvalidInput

RECENT = 10
OVERLAPS = ((0, "At once"), (3600, "In an hour"), (86_400, "In a day"), (259_200, "In 3 days"), (604_800, "In a week"))
_TYPE_AGAIN = "Type it once more: a secret that was typed is not sent back, and this one is not set."


@blueprint.get("/webhooks/<webhook_id>")
def edit_webhook(webhook_id: str) -> str:
    """Show a webhook with all that can be set."""
    return show(queries.get_webhook(webhook_id))


@blueprint.post("/webhooks/<webhook_id>")
def change_webhook(webhook_id: str) -> Response | tuple[str, int]:
    """Save a webhook's settings; the secret stays unless another is given or the new signature needs one.

    The webhook is switched only when the person changed the box: meanwhile Hookloop may have disabled it.
    """
    webhook = queries.get_webhook(webhook_id)
    try:
        given, unread = webhook_form.read(request.form)
        change = webhooks.change(context.current(), webhook_id, given, unread)
    except InvalidInput as error:
        errors = error.by_field()
        if request.form.get("secret", "").strip():
            errors.setdefault("secret", _TYPE_AGAIN)
        return show(webhook, webhook_form.of_form(request.form), errors), error.status
    flash("The webhook is saved.", "success")
    if change.fresh_secret:
        flash("Its secret did not fit the new signature, so another was made: reveal it for the endpoint.", "warn")
    for words in change.warnings:
        flash(words, "warn")
    return redirect(url_for("pages.edit_webhook", webhook_id=webhook_id), 303)


@blueprint.post("/webhooks/<webhook_id>/retry")
def retry_all(webhook_id: str) -> Response:
    """Make the next attempt of all that waits for a later one now."""
    try:
        count = deliveries.retry_all(webhook_id)
        flash(f"{counted(count, 'delivery is', 'deliveries are')} due now.", "success")
    except Conflict as error:
        flash(error.detail, "error")
    return redirect(url_for("pages.edit_webhook", webhook_id=webhook_id), 303)


@followed("/webhooks/<webhook_id>", "webhook")
def watch_webhook(webhook_id: str) -> Callable[[], View]:
    """Return how to look at a webhook."""
    return lambda: _view(queries.get_webhook(webhook_id))


def show(
    webhook: Webhook,
    values: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    rotation: Mapping[str, Any] | None = None,
) -> str:
    """Return the page; `values` and `rotation` are what was refused, shown again with its errors."""
    kinds = event_types.all_types()
    view = _view(webhook)
    values = values or webhook_form.of_draft(webhooks.draft_of(context.current(), webhook), kinds)
    errors = errors or {}
    return render_template(
        "webhook.html",
        webhook=webhook,
        live_version=view.version,
        values=values,
        errors=errors,
        faults=webhook_form.faults(errors, values),
        kinds=kinds,
        formats=webhook_form.FORMATS,
        schemes=webhook_form.SCHEMES,
        presets=list(signatures.PRESETS.values()),
        **_facts(webhook),
        preset=secrets.preset_of(webhook),
        public_key=webhook.signature.get("public_key"),
        old_secrets=secrets.ends(webhook, clock.now()),
        overlaps=OVERLAPS,
        rotation={"overlap_seconds": secrets.DEFAULT_OVERLAP, "errors": {}, **(rotation or {})},
    )


def _facts(webhook: Webhook) -> dict[str, Any]:
    """Return what changes by itself on the page."""
    return {
        "owed": webhooks.count_owed(webhook.id),
        "has_later": webhooks.has_later(webhook.id, clock.now()),
        "recent": queries.list_deliveries(DeliveryFilter(webhook_id=webhook.id), RECENT, None).items,
        "last_result": health.last_result,
    }


def _view(webhook: Webhook) -> View:
    facts = _facts(webhook)

    def render(name: str) -> str:
        return render_template(f"parts/webhook_{name}.html", webhook=webhook, **facts)

    state = (*health.state(webhook), facts["owed"], facts["has_later"])
    recent = tuple((row.id, row.state, row.attempt_count) for row in facts["recent"])
    return View(
        [
            Shown("webhook-health", state, lambda: render("health")),
            Shown("webhook-recent", recent, lambda: render("recent")),
        ]
    )
