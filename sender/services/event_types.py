"""The catalogue as operators see it: the built-in event types and their own, minus the retired ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select

from sender import catalogue
from sender.core import matching, schemas
from sender.models import CustomEventType, Event, RetiredEventType, Webhook, db
from sender.services.context import CHANGES
from shared import changes, clock, json_text, paging
from shared.database import writing
from shared.errors import Conflict, FieldError, InvalidInput, NotFound
from shared.paging import Page

CUSTOM = "custom"

# Asked for by each publication, and so without the ORM.
_RETIRED = select(RetiredEventType.retired_at).where(RetiredEventType.slug == bindparam("slug"))
_CUSTOM = select(CustomEventType.__table__).where(CustomEventType.slug == bindparam("slug"))


@dataclass(frozen=True, slots=True)
class EventType:
    """An entry of the catalogue, built-in or custom."""

    slug: str
    name: str
    description: str
    fires_when: str
    source: str
    example: Mapping[str, Any]
    schema: Mapping[str, Any]
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventTypeDraft:
    """An event type as an operator hands it in; without a schema one is inferred from the example."""

    slug: str
    name: str
    description: str
    example: Mapping[str, Any]
    schema: Mapping[str, Any] | None = None


def all_types(*, retired: bool = False) -> list[EventType]:
    """Return the catalogue: custom types by name, then the built-in ones in order, Hookloop's own last.

    Retired ones are left out unless `retired`.
    """
    gone = {row.slug: row.retired_at for row in db.session.scalars(select(RetiredEventType))}
    custom = db.session.scalars(select(CustomEventType).order_by(CustomEventType.name))
    kinds = [_of_custom(row, gone.get(row.slug)) for row in custom]
    ours = (*catalogue.BUILT_IN.values(), *catalogue.OPERATIONAL.values())
    kinds.extend(_of_built_in(definition, gone.get(definition.slug)) for definition in ours)
    return [kind for kind in kinds if retired or kind.retired_at is None]


def list_types(limit: int, cursor: str | None, *, retired: bool) -> Page[EventType]:
    """Return a page of the catalogue in the same order; the cursor is the last slug of the page before.

    It may have been retired since.
    """
    kinds = all_types(retired=True)
    slugs = [kind.slug for kind in kinds]
    if cursor and cursor not in slugs:
        raise paging.not_given_out()
    rest = kinds[slugs.index(cursor) + 1 :] if cursor else kinds
    rest = [kind for kind in rest if retired or kind.retired_at is None]
    return paging.cut(rest, limit, lambda kind: kind.slug)


def get(slug: str) -> EventType:
    """Return one event type, retired or not; raise NotFound."""
    with db.engine.connect() as connection:
        retired_at = connection.scalar(_RETIRED, {"slug": slug})
        row = None if _is_ours(slug) else connection.execute(_CUSTOM, {"slug": slug}).one_or_none()
    if _is_ours(slug):
        return _of_built_in(catalogue.get(slug), retired_at)
    if row is None:
        raise NotFound(_unknown(slug))
    return _of_custom(row, retired_at)


def own(slug: str) -> EventType:
    """Return an event type of the operators' own, retired or not; raise NotFound, or Conflict for a built-in one."""
    kind = get(slug)
    if kind.source != CUSTOM:
        raise Conflict(f"{slug} is a built-in event type: it can be retired, not changed.")
    return kind


def publishable(slug: str) -> EventType:
    """Return an event type that may be published; raise InvalidInput also for one that only Hookloop publishes."""
    kind = usable(slug, "type")
    if slug in catalogue.OPERATIONAL:
        raise InvalidInput.of(FieldError("type", f"Only Hookloop itself publishes {slug}."))
    return kind


def usable(slug: str, field: str) -> EventType:
    """Return an event type that events may have; raise InvalidInput on `field` for an unknown or retired one."""
    try:
        kind = get(slug)
    except NotFound as error:
        raise InvalidInput.of(FieldError(field, error.detail)) from None
    if kind.retired_at is not None:
        raise InvalidInput.of(FieldError(field, f"The event type {slug} is retired."))
    return kind


def for_test(webhook: Webhook, slug: str | None) -> EventType:
    """Return the event type of a test: the one asked for, else the first that the webhook wants."""
    if slug:
        return usable(slug, "event_type")
    kinds = all_types()
    for pattern in webhook.event_types:
        for kind in kinds:
            if matching.matches([pattern], kind.slug):
                return kind
    raise InvalidInput.of(FieldError("event_type", "This webhook wants no event type that exists; name one to test."))


def example_text(kind: EventType) -> str:
    """Return the example payload as the JSON text that a delivery carries."""
    return json_text.dump(kind.example)


def create(draft: EventTypeDraft) -> EventType:
    """Add an event type and return it; raise InvalidInput, or Conflict when the slug is taken."""
    _refuse_faults(draft)
    now = clock.now()
    with writing(db.session) as session:
        is_taken = session.get(CustomEventType, draft.slug) is not None
        if _is_ours(draft.slug) or is_taken:
            raise Conflict(f"There already is an event type {draft.slug}.")
        row = CustomEventType(slug=draft.slug, created_at=now)
        _fill(row, draft, now)
        session.add(row)
        changes.announce(session, CHANGES)
    return get(draft.slug)


def change(slug: str, draft: EventTypeDraft) -> EventType:
    """Make a custom event type be as `draft` says; its slug stays. Raise NotFound, Conflict or InvalidInput.

    A schema that had been inferred and is handed in as it was is inferred anew: it follows the example.
    """
    kept = own(slug)
    if draft.schema == kept.schema == schemas.infer(kept.example):
        draft = replace(draft, schema=None)
    _refuse_faults(draft)
    with writing(db.session) as session:
        row = session.get(CustomEventType, slug)
        if row is None:
            raise NotFound(_unknown(slug))
        _fill(row, draft, clock.now())
        changes.announce(session, CHANGES)
    return get(slug)


def mark(slug: str, *, retired: bool) -> EventType:
    """Take an event type out of use (no longer offered nor published) or bring it back; raise NotFound."""
    get(slug)
    with writing(db.session) as session:
        row = session.get(RetiredEventType, slug)
        if retired and row is None:
            session.add(RetiredEventType(slug=slug, retired_at=clock.now()))
        elif not retired and row is not None:
            session.delete(row)
        changes.announce(session, CHANGES)
    return get(slug)


def remove(slug: str) -> None:
    """Retire an event type; a custom one that no event has used is deleted. Raise NotFound."""
    kind = get(slug)
    with writing(db.session) as session:
        row = session.get(CustomEventType, slug)
        is_used = session.scalar(select(Event.id).where(Event.type == slug).limit(1)) is not None
        if row is not None and not is_used:
            session.delete(row)
            session.execute(delete(RetiredEventType).where(RetiredEventType.slug == slug))
        elif kind.retired_at is None:
            session.add(RetiredEventType(slug=slug, retired_at=clock.now()))
        changes.announce(session, CHANGES)


def _fill(row: CustomEventType, draft: EventTypeDraft, now: datetime) -> None:
    row.name = draft.name.strip()
    row.description = draft.description.strip()
    row.example = json_text.dump(draft.example)
    row.schema = dict(draft.schema) if draft.schema is not None else schemas.infer(draft.example)
    row.updated_at = now


def _refuse_faults(draft: EventTypeDraft) -> None:
    faults: list[FieldError] = []
    if message := matching.check_slug(draft.slug):
        faults.append(FieldError("slug", message))
    if not draft.name.strip():
        faults.append(FieldError("name", "Give it a name."))
    if draft.schema is not None:
        wrong = schemas.check_schema(draft.schema)
        faults.extend(FieldError("schema", message) for message in wrong)
        if not wrong:
            misfits = schemas.validate(draft.example, draft.schema)
            faults.extend(FieldError("example", f"{misfit.field}: {misfit.message}") for misfit in misfits)
    if faults:
        raise InvalidInput.of(*faults)


def _is_ours(slug: str) -> bool:
    return slug in catalogue.BUILT_IN or slug in catalogue.OPERATIONAL


def _unknown(slug: str) -> str:
    return matching.unknown(slug, [kind.slug for kind in all_types()])


def _of_built_in(definition: catalogue.EventTypeDefinition, retired_at: datetime | None) -> EventType:
    return EventType(
        definition.slug,
        definition.name,
        definition.description,
        definition.fires_when,
        definition.source,
        definition.example,
        definition.schema,
        retired_at,
    )


def _of_custom(row: Any, retired_at: datetime | None) -> EventType:
    example: dict[str, Any] = json_text.load(row.example)
    return EventType(row.slug, row.name, row.description, "", CUSTOM, example, row.schema, retired_at)
