"""Which deliveries a list shows, said so that the database reads them from one index, newest first, at any size.

SQLite knows how many rows share a value on average, not that half of all rows are of this webhook or that none has
failed: with several equalities it takes any of their indexes. So one of them is chosen here, and the others are said
of the column with an empty text after it, which no index holds. With a million deliveries that is a millisecond where
a choice at random took up to 400.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, literal, true

from sender.models import DELIVERY_STATES, OWED_STATES, Delivery
from shared import ids
from shared.errors import FieldError, InvalidInput

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries to list; None means any."""

    webhook_id: str | None = None
    event_id: str | None = None
    replay_id: str | None = None
    event_type: str | None = None
    state: str | None = None
    test: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


def conditions(wanted: DeliveryFilter) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter; raise InvalidInput for a state that there is not."""
    if wanted.state is not None and wanted.state not in DELIVERY_STATES:
        raise InvalidInput.of(FieldError("state", f"Choose one of {', '.join(DELIVERY_STATES)}."))
    exact: dict[str, str | None] = {
        "event_id": wanted.event_id,
        "replay_id": wanted.replay_id,
        "webhook_id": wanted.webhook_id,
        "event_type": wanted.event_type,
        "state": wanted.state,
    }
    given = {name: value for name, value in exact.items() if value is not None}
    leading = _leading(given, wanted.test)
    found = [_equals(name, value, name in leading) for name, value in given.items()]
    if "test" in leading:
        found.append(Delivery.test == true())
    elif wanted.test is not None:
        found.append(Delivery.test.is_(wanted.test))  # said so, no index is used
    return [*found, *_within(wanted.since, wanted.until)]


def _leading(given: dict[str, str], test: bool | None) -> tuple[str, ...]:
    """Return the names of the columns whose index is to be read."""
    if "event_id" in given:
        return ("event_id",)
    if test:
        return ("test",)
    if "replay_id" in given:
        return ("replay_id", "state")
    rare = given.get("state") in ("failed", "cancelled")
    owed = given.get("state") in OWED_STATES
    if owed or (rare and not {"webhook_id", "event_type"} & given.keys()):
        return ("state",)
    if rare:
        return ("webhook_id" if "webhook_id" in given else "event_type", "state")
    return tuple(given.keys() & {"webhook_id", "event_type"}) or ("state",)


def _equals(name: str, value: str, leads: bool) -> ColumnElement[bool]:
    column: Any = getattr(Delivery, name)
    if not leads:
        return column.concat("") == value  # type: ignore[no-any-return]
    if name == "state":  # a partial index is used only for a value that stands in the statement
        return column == literal(value, literal_execute=True)  # type: ignore[no-any-return]
    return column == value  # type: ignore[no-any-return]


def _within(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    """Return the conditions of a span; the id tells the millisecond, so that the index is read from there on."""
    found: list[ColumnElement[bool]] = []
    if since:
        found += [Delivery.created_at >= since, Delivery.id >= ids.first("dlv", since)]
    if until:
        found += [Delivery.created_at < until, Delivery.id < ids.first("dlv", until + _MILLISECOND)]
    return found
