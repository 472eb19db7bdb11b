"""The choice of one webhook among any number: by words that a person types, or by its id in the page's address.

The field `webhook` holds the words, the field `webhook_id` which webhook they were shown for. Words that fit several
webhooks choose none: the page lists those, each as a link.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sender.models import Webhook
from sender.services import queries

SUGGESTED = 20  # webhooks that the field offers, or the page when words fit several


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen: a webhook, all of them (no id and no words), or none yet, because the words fit none or many."""

    words: str = ""
    webhook_id: str | None = None
    fitting: Sequence[Webhook] = field(default_factory=list)
    has_more: bool = False

    @property
    def is_open(self) -> bool:
        """Whether there are words, but not for one webhook."""
        return bool(self.words) and self.webhook_id is None

    @property
    def fault(self) -> str:
        """Why the words choose no webhook; empty when they do."""
        if not self.is_open:
            return ""
        return "Several webhooks fit: choose one of them." if self.fitting else "No webhook is called so."


def read(given: Mapping[str, str]) -> Choice:
    """Return what the fields of a form, or of an address, choose.

    An id alone is what it names. Beside words it counts only when they are still the name that was shown for it.
    """
    words, webhook_id = given.get("webhook"), given.get("webhook_id") or None
    name = queries.name_of_webhook(webhook_id) if webhook_id else ""
    if words is None or (webhook_id and words.strip() == name.strip()):
        return Choice(name, webhook_id)
    words = words.strip()
    if not words:
        return Choice()
    fitting, has_more = queries.find_webhooks(words, SUGGESTED)
    if len(fitting) == 1:
        return Choice(fitting[0].name, fitting[0].id)
    return Choice(words, None, fitting, has_more)


def suggestions() -> Sequence[Webhook]:
    """Return what the field offers before anything is typed: the newest webhooks."""
    return queries.list_webhooks(queries.WebhookFilter(), SUGGESTED, None).items
