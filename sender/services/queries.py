"""Reading: one webhook, event or delivery, and lists of them, newest first, a page at a time."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, func, literal, or_, select, tuple_
from sqlalchemy import type_coerce as coerce
from sqlalchemy.orm import Session, selectinload

from sender.models import Delivery, Event, Webhook, db
from sender.services.listing import DeliveryFilter, conditions
from shared import paging
from shared.errors import FieldError, InvalidInput, NotFound
from shared.moments import microseconds
from shared.paging import Page

# An event's id may be its publisher's own, so its moment (microseconds) comes first; neither holds a dot.
_EVENT_CURSOR = re.compile(r"([0-9]{1,18})\.([A-Za-z0-9_-]{1,64})")
_PUBLISHED = coerce(Event.created_at, BigInteger)
_NAMES = (Webhook.name, Webhook.url, Webhook.id)  # by which a person knows a webhook
_TROUBLED = or_(Webhook.disabled_reason.is_not(None), Webhook.warned_at.is_not(None))


@dataclass(frozen=True, slots=True)
class WebhookFilter:
    """Which webhooks to list: by words in its name, URL or event types (`q`), or in what names it (`name`).

    Beside the states of a webhook there is `troubled`: Hookloop has disabled it, or warned that it fails for long.
    """

    q: str | None = None
    state: str | None = None
    integration: str | None = None
    event_type: str | None = None
    name: str | None = None


def let_go() -> None:
    """Give the session's connection back: what waits for a change holds none."""
    db.session.remove()


def get_webhook(webhook_id: str) -> Webhook:
    """Return a webhook that is not deleted; raise NotFound."""
    webhook = db.session.get(Webhook, webhook_id)
    if webhook is None or webhook.deleted_at is not None:
        raise NotFound(f"There is no webhook {webhook_id}.")
    return webhook


def get_event(event_id: str) -> Event:
    """Return an event with its deliveries; raise NotFound."""
    query = select(Event).where(Event.id == event_id).options(selectinload(Event.deliveries))
    event = db.session.scalar(query)
    if event is None:
        raise NotFound(f"There is no event {event_id}.")
    return event


def get_delivery(delivery_id: str) -> Delivery:
    """Return a delivery with its event, webhook and attempts, as they are in the database now; raise NotFound."""
    query = (
        select(Delivery)
        .where(Delivery.id == delivery_id)
        .options(selectinload(Delivery.attempts), selectinload(Delivery.event), selectinload(Delivery.webhook))
        .execution_options(populate_existing=True)
    )
    delivery = db.session.scalar(query)
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    return delivery


def lock_webhooks(session: Session, webhook_ids: Collection[str]) -> list[Webhook]:
    """Return webhooks that no other transaction changes until this one ends, by id; raise NotFound for an unknown one.

    They are locked in the order of their ids, and before any delivery, as everywhere.
    """
    query = select(Webhook).where(Webhook.id.in_(webhook_ids), Webhook.deleted_at.is_(None)).order_by(Webhook.id)
    # key_share: what is told to a webhook must not wait for a change of that webhook, and the other way round.
    query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    webhooks = list(session.scalars(query))
    for missing in set(webhook_ids) - {webhook.id for webhook in webhooks}:
        raise NotFound(f"There is no webhook {missing}.")
    return webhooks


def lock_delivery(session: Session, delivery_id: str) -> Delivery:
    """Return a delivery that no other transaction changes until this one ends; raise NotFound."""
    delivery = session.scalar(
        select(Delivery).where(Delivery.id == delivery_id).with_for_update().execution_options(populate_existing=True)
    )
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    return delivery


def list_webhooks(wanted: WebhookFilter, limit: int, cursor: str | None) -> Page[Webhook]:
    """Return webhooks that are not deleted, newest first; raise InvalidInput."""
    return paging.newest_first(db.session, _webhooks(wanted), Webhook, limit, cursor)


def count_webhooks(wanted: WebhookFilter) -> int:
    """Return how many webhooks such a list has in all; raise InvalidInput."""
    return db.session.scalar(select(func.count()).select_from(_webhooks(wanted).subquery())) or 0


def _webhooks(wanted: WebhookFilter) -> Select[Any]:
    query = select(Webhook).where(Webhook.deleted_at.is_(None))
    if wanted.q:
        words = f"%{_escape(wanted.q)}%"
        columns = (*_NAMES, Webhook.integration, db.cast(Webhook.event_types, db.Text))
        query = query.where(or_(*(column.ilike(words, escape="\\") for column in columns)))
    if wanted.name:
        words = f"%{_escape(wanted.name)}%"
        query = query.where(or_(*(column.ilike(words, escape="\\") for column in _NAMES)))
    if wanted.state == "active":
        query = query.where(Webhook.active.is_(True))
    elif wanted.state == "paused":
        query = query.where(Webhook.active.is_(False), Webhook.disabled_reason.is_(None))
    elif wanted.state == "disabled":
        query = query.where(Webhook.active.is_(False), Webhook.disabled_reason.is_not(None))
    elif wanted.state == "troubled":
        query = query.where(_TROUBLED)
    elif wanted.state is not None:
        raise InvalidInput.of(FieldError("state", "Choose one of active, paused, disabled, troubled."))
    if wanted.integration:
        query = query.where(Webhook.integration == wanted.integration)
    if wanted.event_type:
        quoted = f'%"{_escape(wanted.event_type)}"%'
        query = query.where(db.cast(Webhook.event_types, db.Text).like(quoted, escape="\\"))
    return query


def find_webhooks(words: str, limit: int) -> tuple[Sequence[Webhook], bool]:
    """Return the newest webhooks whose name, URL or id hold `words`, and whether there are more.

    Those that are called exactly so come alone, if there are any.
    """
    exactly = or_(*(func.lower(column) == words.lower() for column in _NAMES))
    query = select(Webhook).where(Webhook.deleted_at.is_(None), exactly).order_by(Webhook.id.desc())
    found = db.session.scalars(query.limit(limit + 1)).all()
    if found:
        return found[:limit], len(found) > limit
    page = list_webhooks(WebhookFilter(name=words), limit, None)
    return page.items, page.next_cursor is not None


def name_of_webhook(webhook_id: str) -> str:
    """Return what a webhook is called, also a deleted one; its id when there is none."""
    return db.session.scalar(select(Webhook.name).where(Webhook.id == webhook_id)) or webhook_id


def in_trouble(limit: int) -> tuple[Sequence[Webhook], int]:
    """Return webhooks that Hookloop has disabled or warned about, the newest first, and how many there are."""
    troubled = select(Webhook).where(Webhook.deleted_at.is_(None), _TROUBLED)
    rows = db.session.scalars(troubled.order_by(Webhook.id.desc()).limit(limit)).all()
    if len(rows) < limit:
        return rows, len(rows)
    return rows, db.session.scalar(select(func.count()).select_from(troubled.subquery())) or 0


def list_events(
    event_type: str | None, since: datetime | None, until: datetime | None, limit: int, cursor: str | None
) -> Page[Event]:
    """Return events, newest first, with their deliveries."""
    query = select(Event).options(selectinload(Event.deliveries)).order_by(Event.created_at.desc(), Event.id.desc())
    if event_type:
        query = query.where(Event.type == event_type)
    if since:
        query = query.where(Event.created_at >= since)
    if until:
        query = query.where(Event.created_at < until)
    if cursor:
        query = query.where(tuple_(_PUBLISHED, Event.id) < _place(cursor))
    rows = db.session.scalars(query.limit(limit + 1)).all()
    return paging.cut(rows, limit, lambda event: f"{microseconds(event.created_at)}.{event.id}")


def list_deliveries(
    wanted: DeliveryFilter, limit: int, cursor: str | None, *, with_attempts: bool = False
) -> Page[Delivery]:
    """Return deliveries, newest first, with their webhooks; attempts carry bodies, so only when asked for."""
    query = select(Delivery).options(selectinload(Delivery.webhook))
    if with_attempts:
        query = query.options(selectinload(Delivery.attempts))
    query = query.where(*conditions(wanted))
    return paging.newest_first(db.session, query, Delivery, limit, cursor)


def _place(cursor: str) -> Any:
    """Return the place in the list of events that a cursor names, whether or not its event is still there."""
    found = _EVENT_CURSOR.fullmatch(cursor)
    if found is None:
        raise paging.not_given_out()
    return tuple_(literal(int(found[1]), BigInteger), literal(found[2]))


def _escape(words: str) -> str:
    """Return `words` with LIKE's wildcards taken literally."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
