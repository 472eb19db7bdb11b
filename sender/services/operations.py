"""Operational events: what Hookloop tells other webhooks about its own work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, insert
from sqlalchemy.orm import Session

from sender import catalogue
from sender.core import matching
from sender.models import Delivery, Event
from sender.services import events, outbox
from shared import json_text


class Subject(Protocol):
    """The webhook that an operational event is about: its row, or anything with these."""

    @property
    def id(self) -> str:
        """The webhook's id."""

    @property
    def name(self) -> str:
        """The webhook's name."""

    @property
    def url(self) -> str:
        """The webhook's URL."""


@dataclass(frozen=True, slots=True)
class News:
    """One operational event to be: the webhook that it is about, and the fields after those of the webhook."""

    about: Subject
    payload: Mapping[str, Any]


def emit(
    transaction: Connection | Session, slug: str, payload: Mapping[str, Any], *, about: Subject, now: datetime
) -> None:
    """Publish one operational event in the open writing transaction, see `emit_all`."""
    emit_all(transaction, slug, [News(about, payload)], now)


def emit_all(transaction: Connection | Session, slug: str, news: Sequence[News], now: datetime) -> None:
    """Publish operational events of one type in the open writing transaction, one for each of `news`.

    They go to the active webhooks that ask for them, by name or by a glob longer than `*`: a webhook that takes every
    event of the product is not bothered with ours. The webhook that one is about never gets it, being the broken one.
    """
    if not news:
        return
    connection = transaction.connection() if isinstance(transaction, Session) else transaction
    wanting = _wanting(connection, slug)
    for one in news:
        _publish(connection, slug, one, [webhook_id for webhook_id in wanting if webhook_id != one.about.id], now)


def is_operational(slug: str) -> bool:
    """Return whether only Hookloop itself publishes events of this type."""
    return slug in catalogue.OPERATIONAL


def _wanting(connection: Connection, slug: str) -> list[str]:
    rows = connection.execute(outbox.ACTIVE)
    return [row.id for row in rows if matching.matches([one for one in row.event_types if one != "*"], slug)]


def _publish(connection: Connection, slug: str, news: News, webhook_ids: Sequence[str], now: datetime) -> None:
    if not webhook_ids:
        return
    about = news.about
    values = {"webhook_id": about.id, "webhook_name": about.name, "webhook_url": about.url, **news.payload}
    event = events.make(slug, json_text.dump(values), now, test=False)
    names = ("id", "type", "payload", "test", "created_at", "digest")
    connection.execute(insert(Event), [{name: getattr(event, name) for name in names}])
    connection.execute(insert(Delivery), [outbox.new_delivery(event.id, slug, one, now) for one in webhook_ids])
