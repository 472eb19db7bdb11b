"""The page of all webhooks: the form at hand, the list, a test at a click, and the available events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sender.models import Webhook
from sender.services import context, deliveries, event_types, missed, queries, webhooks
from sender.services.queries import WebhookFilter
from sender.views.live import Shown, View
from sender.views.pages import health, webhook_form
from sender.views.pages.base import PER_PAGE, blueprint, followed, posted, pretty
from sender.views.pages.replays import replay_url
from shared.counts import counted
from shared.errors import InvalidInput
from shared.paging import Page
from shared.web.confirming import confirm, is_confirmed

_MOST_TROUBLED = 10


@blueprint.get("/")
def home() -> Response:
    """Lead to the webhooks."""
    return redirect(url_for("pages.webhooks"))


@blueprint.get("/webhooks", endpoint="webhooks")
def list_webhooks() -> str:
    """Show the form, the registered webhooks and all available events."""
    return _page({}, {})


@followed("/webhooks", "webhooks")
def watch_webhooks() -> Callable[[], View]:
    """Return how to look at the newest webhooks that are asked for."""
    wanted = _wanted()
    return lambda: _view(queries.list_webhooks(wanted, PER_PAGE, None), _trouble())


@blueprint.post("/webhooks")
def add_webhook() -> Response | tuple[str, int]:
    """Register a webhook from its name, URL and event; the rest is as it usually is and can be edited."""
    sets_up = request.form.get("then") == "set-up"
    try:
        draft = replace(webhook_form.quick(request.form), active=not sets_up)
        webhook = webhooks.create(context.current(), draft)
    except InvalidInput as error:
        return _page(request.form.to_dict(), error.by_field()), error.status
    if sets_up:
        flash(f"{webhook.name} is added and paused. Set it up, tick Active and save.", "success")
        return redirect(url_for("pages.edit_webhook", webhook_id=webhook.id), 303)
    flash(f"{webhook.name} is added. Press Send Test Event in its row to see what comes back.", "success")
    return redirect(url_for("pages.webhooks"), 303)


@posted("/webhooks/<webhook_id>/test", "pages.edit_webhook")
def send_test(webhook_id: str) -> str | tuple[str, int]:
    """Send a test event and show what came back; with scripts the answer opens as a dialog."""
    webhook = queries.get_webhook(webhook_id)
    try:
        delivery = deliveries.send_test(context.current(), webhook_id, request.form.get("event_type") or None)
    except InvalidInput as error:
        return render_template("test_result.html", webhook=webhook, delivery=None, error=error.detail), error.status
    return render_template("test_result.html", webhook=webhook, delivery=delivery, error=None)


@blueprint.post("/webhooks/<webhook_id>/<any(pause, activate):verb>")
def switch_webhook(webhook_id: str, verb: webhooks.BulkVerb) -> Response:
    """Pause a webhook or make it active again, which offers to replay what it missed, if anything.

    Where it leads back to, `from` tells: to the webhook's own page, or else to the list.
    """
    found = queries.get_webhook(webhook_id)
    before, changed_at = found.state, found.updated_at
    (webhook,) = webhooks.apply(verb, [webhook_id])
    if webhook.active and webhook.missed_since:
        flash(f"{webhook.name} is active. What it missed can be replayed.", "success")
        return redirect(replay_url(webhook), 303)
    flash(f"{webhook.name} is {webhook.state}.", "success")
    if {before, webhook.state} == {"active", "paused"}:
        flash(health.what_a_pause_means(webhook, changed_at), "info")
    if request.form.get("from") == "webhook":
        return redirect(url_for("pages.edit_webhook", webhook_id=webhook_id), 303)
    return redirect(url_for("pages.webhooks"), 303)


@blueprint.post("/webhooks/<webhook_id>/dismiss-missed")
def dismiss_missed(webhook_id: str) -> Response:
    """Offer no more to replay what a webhook missed."""
    missed.dismiss(webhook_id)
    flash("What it missed is not offered any more; a new replay can still send it.", "success")
    return redirect(url_for("pages.edit_webhook", webhook_id=webhook_id), 303)


@posted("/webhooks/<webhook_id>/delete", "pages.edit_webhook")
def delete_webhook(webhook_id: str) -> Response | str:
    """Delete a webhook; what it is still owed is cancelled."""
    webhook = queries.get_webhook(webhook_id)
    if not is_confirmed():
        owed = webhooks.count_owed(webhook_id)
        cancelled = counted(owed, "unfinished delivery is", "unfinished deliveries are")
        text = f"{cancelled} cancelled; its past deliveries stay." if owed else "Its past deliveries stay."
        return confirm(f"Delete {webhook.name}?", text, "Delete", url_for("pages.webhooks"))
    name = webhook.name
    webhooks.apply("delete", [webhook_id])
    flash(f"{name} is deleted.", "success")
    return redirect(url_for("pages.webhooks"), 303)


def _page(values: dict[str, Any], errors: dict[str, str]) -> str:
    wanted = _wanted()
    cursor = request.args.get("cursor")
    kinds = event_types.all_types()
    page = queries.list_webhooks(wanted, PER_PAGE, cursor)
    trouble = _trouble()
    return render_template(
        "webhooks.html",
        page=page,
        total=queries.count_webhooks(wanted),
        live_version=_view(page, trouble).version,
        **trouble,
        is_silent=bool(page.items) and health.is_silent(),
        wanted=wanted,
        is_filtered=any((wanted.q, wanted.state, wanted.integration)),
        cursor=cursor,
        integrations=webhooks.integrations(),
        kinds=kinds,
        choices=webhook_form.choices(kinds),
        examples={kind.slug: pretty(kind.example) for kind in kinds},
        values=values,
        errors=errors,
        last_result=health.last_result,
    )


def _wanted() -> WebhookFilter:
    """Return the filter that the request's query asks for."""
    return WebhookFilter(
        q=request.args.get("q", "").strip() or None,
        state=request.args.get("state") or None,
        integration=request.args.get("integration") or None,
    )


def _trouble() -> dict[str, Any]:
    """Return what is said above the list, whichever webhooks it shows."""
    troubled, count = queries.in_trouble(_MOST_TROUBLED)
    return {"troubled": troubled, "troubled_count": count}


def _view(page: Page[Webhook], trouble: dict[str, Any]) -> View:
    told = tuple((one.id, one.name, one.state, one.disabled_reason) for one in trouble["troubled"])
    above = Shown(
        "webhooks-troubled",
        (trouble["troubled_count"], *told),
        lambda: render_template("parts/webhooks_troubled.html", **trouble),
    )
    rows = [Shown(row.id, health.state(row), partial(_render, row)) for row in page.items]
    return View([above, *rows], page.next_cursor is None)


def _render(row: Webhook) -> str:
    return render_template("parts/webhook_row.html", webhook=row, last_result=health.last_result)
