"""Bins: make, find, change, empty and delete them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from receiver.core import responses, slugs
from receiver.models import Bin, Capture, db
from receiver.services import batch
from receiver.services.batch import CHANGES
from receiver.services.context import Context
from shared import changes, clock, database, ids, json_text, paging
from shared.errors import Conflict, FieldError, InvalidInput, NotFound
from shared.paging import Page

LONGEST_NAME = 200
MOST_REQUESTS = 100_000
UNCHANGED: Any = object()


@dataclass(frozen=True, slots=True)
class BinDraft:
    """What a person says about a bin; what is not said stays as it is, or has its default in a new one."""

    name: str | None = None
    max_requests: int | None = None
    response: Any = UNCHANGED  # a response rule as the API writes it; None is the default answer


def get(key: str) -> Bin:
    """Return the bin with this id or slug, as it is in the database now; raise NotFound."""
    query = select(Bin).where(or_(Bin.id == key, Bin.slug == key)).execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound(f"There is no bin {key}.")
    return found


def find(slug: str) -> Bin | None:
    """Return the bin with this slug, None if there is none."""
    return db.session.scalar(select(Bin).where(Bin.slug == slug))


def list_bins(q: str | None, limit: int, cursor: str | None) -> Page[Bin]:
    """Return bins, newest first, whose name or slug contains `q`; raise InvalidInput for a cursor of another shape."""
    query = select(Bin)
    if q:
        query = query.where(or_(Bin.name.icontains(q, autoescape=True), Bin.slug.icontains(q, autoescape=True)))
    return paging.newest_first(db.session, query, Bin, limit, cursor)


def count() -> int:
    """Return how many bins there are."""
    return db.session.scalar(select(func.count()).select_from(Bin)) or 0


def create(context: Context, draft: BinDraft, slug: str | None = None) -> Bin:
    """Make a bin and return it; without `slug` it gets a random one. Raise InvalidInput, or Conflict if taken."""
    slug = slugs.make(secrets.choice) if slug is None else slug
    _check(draft, slug)
    now = clock.now()
    made = Bin(
        id=ids.new("bin", now),
        slug=slug,
        name=_name(draft, slug),
        max_requests=draft.max_requests or context.settings.max_requests,
        created_at=now,
        updated_at=now,
        captured_count=0,
        stored_count=0,
        response=_rule_in(draft),
        response_since=0,
    )
    try:
        with database.writing(db.session) as session:
            session.add(made)
    except IntegrityError:
        detail = f"There is a bin {slug} already."
        raise Conflict(detail, [FieldError("slug", detail)]) from None
    return get(made.id)


def put(context: Context, slug: str, draft: BinDraft) -> tuple[Bin, bool]:
    """Make the bin `slug` be as `draft` says, and return it and whether it is new. Raise InvalidInput."""
    existing = find(slug)
    if existing is None:
        try:
            return create(context, draft, slug), True
        except Conflict:  # somebody made it in between
            existing = get(slug)
    return change(existing.id, draft), False


def change(key: str, draft: BinDraft) -> Bin:
    """Change a bin and return it; with fewer captures to keep, its oldest go. Raise NotFound or InvalidInput."""
    _check(draft)
    with database.writing(db.session) as session:
        changed = _lock(session, key)
        if draft.name is not None:
            changed.name = _name(draft, changed.slug)
        if draft.max_requests is not None:
            changed.max_requests = draft.max_requests
            _trim(session, changed)
        if draft.response is not UNCHANGED:
            _set_rule(changed, _rule_in(draft))
        _touch(session, changed, clock.now())
    return get(changed.id)


def set_response(key: str, document: Any) -> Bin:
    """Give a bin a response rule, or with None take it away; a sequence begins with the next capture."""
    rule = _rule_text(document)
    with database.writing(db.session) as session:
        changed = _lock(session, key)
        _set_rule(changed, rule)
        _touch(session, changed, clock.now())
    return get(changed.id)


def remove(key: str) -> None:
    """Delete a bin with all its captures; raise NotFound."""
    with database.writing(db.session) as session:
        session.delete(_lock(session, key))
        changes.announce(session, CHANGES)


def clear(key: str) -> int:
    """Delete all captures of a bin and return how many they were; raise NotFound."""
    with database.writing(db.session) as session:
        emptied = _lock(session, key)
        removed = emptied.stored_count
        session.execute(delete(Capture).where(Capture.bin_id == emptied.id))
        emptied.stored_count = 0
        _touch(session, emptied, clock.now())
    return removed


def remove_capture(key: str, capture_id: str) -> None:
    """Delete one capture; raise NotFound."""
    with database.writing(db.session) as session:
        owner = _lock(session, key)
        gone = session.execute(delete(Capture).where(Capture.bin_id == owner.id, Capture.id == capture_id))
        if not gone.rowcount:  # type: ignore[attr-defined]
            raise NotFound(f"There is no capture {capture_id} in this bin.")
        owner.stored_count -= 1
        _touch(session, owner, clock.now())


def _lock(session: Session, key: str) -> Bin:
    """Return a bin that no other transaction changes until this one ends; raise NotFound."""
    query = select(Bin).where(or_(Bin.id == key, Bin.slug == key)).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(f"There is no bin {key}.")
    return found


def _touch(session: Session, changed: Bin, now: datetime) -> None:
    changed.updated_at = now
    session.flush()
    changes.announce(session, CHANGES)


def _trim(session: Session, owner: Bin) -> None:
    excess = owner.stored_count - owner.max_requests
    if excess > 0:
        session.flush()
        batch.trim(session.connection(), owner.id, excess)
        session.refresh(owner)


def _set_rule(changed: Bin, rule: str | None) -> None:
    changed.response = rule
    changed.response_since = changed.captured_count


def _rule_in(draft: BinDraft) -> str | None:
    """Return the rule within a draft as text; raise InvalidInput that names its fields `response.…`."""
    try:
        return None if draft.response is UNCHANGED else _rule_text(draft.response)
    except InvalidInput as error:
        raise InvalidInput.of(*(FieldError(f"response.{one.field}", one.message) for one in error.errors)) from None


def _rule_text(document: Any) -> str | None:
    return None if document is None else json_text.dump(responses.read(document).document())


def _name(draft: BinDraft, slug: str) -> str:
    return (draft.name or "").strip() or slug


def _check(draft: BinDraft, slug: str | None = None) -> None:
    faults = []
    if slug is not None and (fault := slugs.fault(slug)):
        faults.append(FieldError("slug", fault))
    name = draft.name or ""
    if len(name) > LONGEST_NAME or not name.isprintable():
        faults.append(FieldError("name", f"Use at most {LONGEST_NAME} printable characters."))
    if draft.max_requests is not None and not 1 <= draft.max_requests <= MOST_REQUESTS:
        faults.append(FieldError("max_requests", f"Give a number from 1 to {MOST_REQUESTS}."))
    if faults:
        raise InvalidInput.of(*faults)
