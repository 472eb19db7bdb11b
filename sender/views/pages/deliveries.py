"""The pages of deliveries: all of them, and one with the timeline of its attempts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sender.models import DELIVERY_STATES, Delivery
from sender.services import deliveries, queries
from sender.services.listing import DeliveryFilter
from sender.views.live import Shown, View
from sender.views.pages import health, moment_fields, select_options, webhook_choice
from sender.views.pages.base import PER_PAGE, blueprint, followed
from shared.errors import Conflict, FieldError, InvalidInput
from shared.paging import Page

_EXACT = ("state", "webhook_id", "event_type", "event_id", "replay_id")
_MOMENTS = ("since", "until")
_TESTS = {"true": True, "false": False}  # as the API has it


@blueprint.get("/deliveries", endpoint="deliveries")
def list_deliveries() -> Response | str:
    """Show deliveries, newest first: of one state, webhook, event type, event or replay, made in a span of time.

    Where a number leads here that counts no tests, none are shown.

    A webhook that was chosen by words leads to the address that names it.
    """
    wanted = _wanted()
    chosen = {name: request.args[name] for name in (*_EXACT, *_MOMENTS) if request.args.get(name)}
    if wanted.test is not None:
        chosen["test"] = request.args["test"]
    choice = webhook_choice.read(request.args)
    if "webhook" in request.args:
        chosen.pop("webhook_id", None)
        if not choice.is_open:
            address: dict[str, Any] = {**chosen, "webhook_id": choice.webhook_id}
            return redirect(url_for("pages.deliveries", **address))
    cursor = request.args.get("cursor")
    page: Page[Delivery] = Page([], None)
    if not choice.is_open:
        page = queries.list_deliveries(wanted, PER_PAGE, cursor)
    return render_template(
        "deliveries.html",
        page=page,
        live_version=_list_view(page).version,
        chosen=chosen,
        moments={name: moment_fields.shown(chosen.get(name, "")) for name in _MOMENTS},
        cursor=cursor,
        states=DELIVERY_STATES,
        choice=choice,
        suggested=webhook_choice.suggestions(),
        event_types=select_options.of_event_types("Any event type", wanted.event_type),
    )


@followed("/deliveries", "deliveries")
def watch_deliveries() -> Callable[[], View]:
    """Return how to look at the newest deliveries that are asked for."""
    wanted = _wanted()
    return lambda: _list_view(queries.list_deliveries(wanted, PER_PAGE, None))


@blueprint.get("/deliveries/<delivery_id>")
def delivery(delivery_id: str) -> str:
    """Show a delivery with the timeline of its attempts."""
    found = queries.get_delivery(delivery_id)
    return render_template("delivery.html", delivery=found, live_version=_one_view(found).version)


@followed("/deliveries/<delivery_id>", "delivery")
def watch_delivery(delivery_id: str) -> Callable[[], View]:
    """Return how to look at a delivery."""
    return lambda: _one_view(queries.get_delivery(delivery_id))


@blueprint.post("/deliveries/<delivery_id>/resend")
def resend(delivery_id: str) -> Response:
    """Send the event of a finished delivery once more, as a new delivery."""
    try:
        fresh = deliveries.resend(delivery_id)
    except Conflict as error:
        return _stay(delivery_id, error)
    flash("A new delivery of the same event is on its way.", "success")
    return redirect(url_for("pages.delivery", delivery_id=fresh.id), 303)


@blueprint.post("/deliveries/<delivery_id>/retry")
def retry(delivery_id: str) -> Response:
    """Make the next attempt of a delivery now."""
    return _change(delivery_id, deliveries.retry, "The next attempt is due now.")


@blueprint.post("/deliveries/<delivery_id>/cancel")
def cancel(delivery_id: str) -> Response:
    """Give up a delivery that waits for its next attempt."""
    return _change(delivery_id, deliveries.cancel, "The delivery is cancelled.")


def _change(delivery_id: str, verb: Callable[[str], Delivery], words: str) -> Response:
    try:
        verb(delivery_id)
    except Conflict as error:
        return _stay(delivery_id, error)
    flash(words, "success")
    return redirect(url_for("pages.delivery", delivery_id=delivery_id), 303)


def _wanted() -> DeliveryFilter:
    """Return the filter that the request's query asks for; raise InvalidInput for a moment that is none."""
    faults: list[FieldError] = []
    moments: dict[str, datetime] = {}
    for name in _MOMENTS:
        if text := request.args.get(name):
            try:
                moments[name] = moment_fields.read(text)
            except ValueError as error:
                faults.append(FieldError(name, str(error)))
    if faults:
        raise InvalidInput.of(*faults)
    exact = {name: request.args.get(name) or None for name in _EXACT}
    test = _TESTS.get(request.args.get("test", ""))
    return DeliveryFilter(**exact, **moments, test=test)  # type: ignore[arg-type]


def _list_view(page: Page[Delivery]) -> View:
    rows = [Shown(row.id, _state(row), partial(_render, "parts/delivery_row.html", row)) for row in page.items]
    return View(rows, page.next_cursor is None)


def _one_view(row: Delivery) -> View:
    head = Shown("delivery-head", _state(row), partial(_render, "parts/delivery_head.html", row))
    attempts = (len(row.attempts), row.state == "sending")
    return View([head, Shown("delivery-attempts", attempts, partial(_render, "parts/delivery_attempts.html", row))])


def _state(row: Delivery) -> tuple[object, ...]:
    return row.state, row.attempt_count, row.next_attempt_at, row.finished_at, *health.wait_state(row)


def _render(template: str, row: Delivery) -> str:
    return render_template(template, delivery=row)


def _stay(delivery_id: str, error: Conflict) -> Response:
    flash(error.detail, "error")
    return redirect(url_for("pages.delivery", delivery_id=delivery_id), 303)
