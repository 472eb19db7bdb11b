"""What the select fields of filters offer: webhooks and event types, always with the one that is chosen among them.

Each option is a value and its label; the first has no value and stands for no filter.
"""

from __future__ import annotations

from sender.services import event_types, queries
from sender.services.queries import WebhookFilter
from shared import paging
from shared.errors import NotFound


def of_webhooks(unfiltered: str, chosen: str | None) -> list[tuple[str, str]]:
    """Return the newest webhooks by id; one that is chosen but not among them stands at the end."""
    newest = queries.list_webhooks(WebhookFilter(), paging.MOST, None).items
    options = [("", unfiltered), *((webhook.id, webhook.name) for webhook in newest)]
    return _with(options, chosen or "", _name(chosen) if chosen else "")


def of_event_types(unfiltered: str, chosen: str | None) -> list[tuple[str, str]]:
    """Return the event types, retired ones too; a chosen glob or a name that is none stands at the end."""
    slugs = [kind.slug for kind in event_types.all_types(retired=True)]
    return _with([("", unfiltered), *((slug, slug) for slug in slugs)], chosen or "", chosen or "")


def _with(options: list[tuple[str, str]], chosen: str, label: str) -> list[tuple[str, str]]:
    return options if any(value == chosen for value, _ in options) else [*options, (chosen, label)]


def _name(webhook_id: str) -> str:
    """Return what a webhook is called; its id when there is none."""
    try:
        return queries.get_webhook(webhook_id).name
    except NotFound:
        return webhook_id
