"""Captures: find and read them. Lists never carry bodies."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import defer

from receiver.core import search
from receiver.models import Capture, db
from receiver.services import finding
from shared import paging
from shared.errors import NotFound
from shared.paging import Page


def list_captures(bin_id: str, q: str | None, limit: int, cursor: str | None) -> Page[Capture]:
    """Return captures of a bin, newest first, that fit the search `q` (see core.search)."""
    query = _of(bin_id).order_by(Capture.position.desc()).limit(limit + 1)
    for term in search.parse(q or ""):
        query = query.where(finding.condition(term, db.engine.dialect.name))
    if cursor:
        query = query.where(Capture.position < _position(cursor))
    return paging.cut(db.session.scalars(query).all(), limit, lambda capture: str(capture.position))


def after(bin_id: str, position: int, limit: int) -> Sequence[Capture]:
    """Return the captures of a bin behind `position`, oldest first."""
    query = _of(bin_id).where(Capture.position > position).order_by(Capture.position)
    return db.session.scalars(query.limit(limit)).all()


def get(bin_id: str, capture_id: str, *, with_body: bool = False) -> Capture:
    """Return one capture of a bin; raise NotFound."""
    query = select(Capture).where(Capture.bin_id == bin_id) if with_body else _of(bin_id)
    capture = db.session.scalar(query.where(Capture.id == capture_id))
    if capture is None:
        raise NotFound(f"There is no capture {capture_id} in this bin.")
    return capture


def latest(bin_id: str) -> Capture | None:
    """Return the newest capture of a bin, None when it is empty."""
    return db.session.scalar(_of(bin_id).order_by(Capture.position.desc()).limit(1))


def let_go() -> None:
    """Give the database connection of this request back, for a request that goes on for long."""
    db.session.remove()


def _of(bin_id: str) -> Select[Capture]:
    """Select a bin's captures without their bodies."""
    return select(Capture).where(Capture.bin_id == bin_id).options(defer(Capture.body, raiseload=True))


def _position(cursor: str) -> int:
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise paging.not_given_out()
    return int(cursor)
