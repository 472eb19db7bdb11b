"""The pages of replays: all of them, the form that counts first, and one with its progress."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sender.core.replays import DEFAULT_RATE, NO_END, ReplayDraft
from sender.models import Replay, Webhook
from sender.services import queries, replays
from sender.services.listing import DeliveryFilter
from sender.services.replays import Counted
from sender.views.pages import health, moment_fields, select_options, webhook_choice
from sender.views.pages.base import PER_PAGE, blueprint, whole_number
from sender.views.pages.webhook_choice import Choice
from shared import clock, moments, spans
from shared.errors import FieldError, InvalidInput
from shared.web.confirming import is_confirmed

NEWEST = 10
STATES = (
    ("", "All that did not arrive: failed, cancelled or missing"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
    ("missing", "Missing, also from before the webhook was registered"),
    ("succeeded", "Succeeded: send it again all the same"),
)
_FIELDS = ("state", "event_type", "since", "until", "rate")


@blueprint.get("/replays", endpoint="replays")
def list_replays() -> str:
    """Show replays, newest first, with their progress."""
    cursor = request.args.get("cursor")
    page = replays.list_replays(PER_PAGE, cursor)
    return render_template("replays.html", page=page, webhooks=replays.webhooks_of(page.items), cursor=cursor)


@blueprint.get("/replays/new")
def new_replay() -> str | tuple[str, int]:
    """Show the form; the query may hold its values, moments as RFC 3339. With `count`, say what would be sent."""
    values = {name: request.args.get(name, "") for name in _FIELDS}
    choice = webhook_choice.read(request.args)
    if "count" in request.args:
        return _count(values, choice)
    day_ago = clock.now().replace(microsecond=0) - timedelta(days=1)
    values |= {
        "since": moment_fields.shown(values["since"]) or moment_fields.shown(day_ago.isoformat()),
        "until": moment_fields.shown(values["until"]),
        "rate": values["rate"] or str(DEFAULT_RATE),
    }
    return _page(values, choice, {})


@blueprint.post("/replays/new")
def start_replay() -> Response | tuple[str, int]:
    """Have what would be sent counted; after the yes, start that: it ends at the moment when it was counted."""
    values = {name: request.form.get(name, "").strip() for name in _FIELDS}
    choice = webhook_choice.read(request.form)
    if not is_confirmed():
        query: dict[str, Any] = {"count": 1, **values, **_address(choice)}
        return redirect(url_for("pages.new_replay", **query), 303)  # so that one can go back to it
    try:
        replay = replays.create(_read(values, choice))
    except InvalidInput as error:
        return _page(values, choice, error.by_field()), error.status
    return redirect(url_for("pages.replay", replay_id=replay.id), 303)


@blueprint.get("/replays/<replay_id>")
def replay(replay_id: str) -> str:
    """Show a replay: how far it is, and what became of the deliveries that it made."""
    found = replays.get(replay_id)
    return render_template(
        "replay.html",
        replay=found,
        made=replays.outcomes(found),
        webhook=replays.webhooks_of([found]).get(found.webhook_id or ""),
        newest=queries.list_deliveries(DeliveryFilter(replay_id=replay_id), NEWEST, None).items,
        again=_again(found),
        is_silent=found.state == "running" and health.is_silent(),
    )


@blueprint.post("/replays/<replay_id>/stop")
def stop_replay(replay_id: str) -> Response:
    """End a replay at once."""
    found = replays.stop(replay_id)
    flash("The replay is stopped." if found.state == "stopped" else "The replay had ended already.", "success")
    return redirect(url_for("pages.replay", replay_id=replay_id), 303)


@blueprint.app_template_filter("replay_url")
def replay_url(webhook: Webhook) -> str:
    """Return where the form stands that replays what a webhook missed, filled in."""
    since = moments.rfc3339(webhook.missed_since) if webhook.missed_since else None
    return url_for("pages.new_replay", webhook_id=webhook.id, since=since)


@blueprint.app_template_filter("in_words")
def in_words(seconds: int) -> str:
    """Return a time to wait as people say it."""
    return spans.in_words(timedelta(seconds=seconds))


def _count(values: dict[str, str], choice: Choice) -> str | tuple[str, int]:
    """Say how many deliveries would be made, or what is wrong with the values."""
    try:
        draft = _read(values, choice)
        return _page(values, choice, {}, replays.count(draft), draft)
    except InvalidInput as error:
        return _page(values, choice, error.by_field()), error.status


def _address(choice: Choice) -> dict[str, str]:
    """Return the query that makes the same choice."""
    return {"webhook": choice.words} if choice.is_open else {"webhook_id": choice.webhook_id or ""}


def _read(values: dict[str, str], choice: Choice) -> ReplayDraft:
    """Return the draft that the form describes; raise InvalidInput for moments and numbers that are none.

    And for words that choose no webhook.
    """
    faults = [FieldError("webhook_id", choice.fault)] if choice.is_open else []
    given: dict[str, datetime] = {}
    for field in ("since", "until"):
        try:
            given[field] = moment_fields.read(values[field]) if values[field] or field == "since" else NO_END
        except ValueError as error:
            faults.append(FieldError(field, str(error)))
    rate = whole_number("rate", values["rate"], faults)
    if faults or rate is None:
        raise InvalidInput.of(*faults)
    return ReplayDraft(
        since=given["since"],
        until=given["until"],
        webhook_id=choice.webhook_id,
        event_type=values["event_type"] or None,
        state=values["state"] or None,
        rate=rate,
    )


def _again(found: Replay) -> dict[str, Any]:
    """Return the query that fills in the form with the filters of a replay."""
    return {
        "webhook_id": found.webhook_id,
        "event_type": found.event_type,
        "state": found.delivery_state,
        "since": moments.rfc3339(found.since),
        "until": moments.rfc3339(found.until + timedelta(milliseconds=1)),  # the form knows no smaller fractions
        "rate": found.rate,
    }


def _page(
    values: dict[str, str],
    choice: Choice,
    errors: dict[str, str],
    counted: Counted | None = None,
    draft: ReplayDraft | None = None,
) -> str:
    moments_shown = {name: moment_fields.shown(values[name]) for name in ("since", "until")}
    confirmed = {**values, **_address(choice), "until": moments.rfc3339(counted.until)} if counted else {}
    chosen = queries.get_webhook(draft.webhook_id) if draft and draft.webhook_id else None
    return render_template(
        "replay_new.html",
        values=values | {name: shown or values[name] for name, shown in moments_shown.items()},
        choice=choice,
        query={"count": 1, **values},
        suggested=webhook_choice.suggestions(),
        errors=errors,
        count=counted.count if counted else None,
        confirmed=confirmed,
        seconds=-(-counted.count // draft.rate) if counted and draft else 0,
        webhook=chosen,
        now=clock.now().strftime("%Y-%m-%d %H:%M"),
        states=STATES,
        event_types=select_options.of_event_types("Any", values["event_type"]),
    )
