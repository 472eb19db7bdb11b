"""What pages say about the health of webhooks and of the delivery itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import url_for
from markupsafe import Markup

from sender.models import WORKER_SILENT_AFTER, Delivery, Webhook
from sender.services import workers
from sender.views.pages.base import blueprint
from shared import clock, moments, outcome

_A_DAY = timedelta(days=1)


def last_result(webhook: Webhook) -> str:
    """Return in words how the last attempt for `webhook` ended; empty before the first."""
    kind: outcome.OutcomeKind | None = webhook.last_outcome  # type: ignore[assignment]  # the column holds kinds only
    return outcome.title(kind, webhook.last_status) if kind else ""


@blueprint.app_template_filter("is_ahead")
def is_ahead(moment: datetime) -> bool:
    """Return whether `moment` is yet to come."""
    return moment > clock.now()


def state(webhook: Webhook) -> tuple[object, ...]:
    """Return what the shown health of a webhook depends on."""
    return (
        webhook.updated_at,
        webhook.state,
        webhook.condition,
        webhook.succeeded_count,
        webhook.failed_count,
        webhook.last_attempt_at,
        webhook.failure_count,
        webhook.blocked_until,
        webhook.blocked_until is not None and is_ahead(webhook.blocked_until),
        webhook.blocked_reason,
        webhook.warned_at,
        webhook.missed_since,
    )


def what_a_pause_means(webhook: Webhook, changed_at: datetime) -> Markup:
    """Return what is to be said of events when a webhook was just paused, or made active again after that.

    `changed_at` is when it was last changed before. It may have been paused for longer: the replay is offered for a day
    at least.
    """
    if not webhook.active:
        return Markup("What it is owed waits. What is published from now on is not kept for it; a replay can send it.")
    since = moments.rfc3339(min(changed_at, clock.now() - _A_DAY))
    url = url_for("pages.new_replay", webhook_id=webhook.id, since=since)
    link = Markup('<a href="{}">Replay it</a>').format(url)
    return Markup("What was published while it was paused is not sent by itself. {} if it is to arrive.").format(link)


def wait_state(delivery: Delivery) -> tuple[object, ...]:
    """Return what the shown wait of a delivery, and what can be done with it, depends on beside its own row."""
    webhook = delivery.webhook
    return webhook.state, webhook.deleted_at, held_by(delivery), webhook.blocked_until


@blueprint.app_template_filter("held_by")
def held_by(delivery: Delivery) -> str:
    """Return which condition of its webhook holds a pending delivery: `off`, `resting` or `probing`; empty for none.

    One that is to be retried before its webhook's rest is over waits for the end of the rest.
    """
    due, webhook = delivery.next_attempt_at, delivery.webhook
    if delivery.state != "pending":
        return ""
    if not webhook.active:
        return "off"
    until = webhook.blocked_until
    if until is None or (due is not None and (due >= until or webhook.condition == "probing")):
        return ""
    return webhook.condition


@blueprint.app_template_filter("waits_for")
def waits_for(delivery: Delivery) -> str:
    """Return in words what a delivery waits for that may be sent and yet is not; empty for one that is not due."""
    due, webhook = delivery.next_attempt_at, delivery.webhook
    if delivery.state != "pending" or (due is not None and is_ahead(due)):
        return ""
    if webhook.paced_until is not None and webhook.rate_limit and is_ahead(webhook.paced_until):
        return "waits for the webhook's rate limit"
    return "as soon as there is a free place"


def is_silent() -> bool:
    """Return whether no delivery worker has given a sign of life: nothing would be delivered."""
    return not workers.any_since(clock.now() - WORKER_SILENT_AFTER)
