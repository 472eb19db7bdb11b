"""Makes what tests of the receiver need, with everything that does not matter filled in."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from receiver.core.capture import Captured
from receiver.models import Bin, Capture
from receiver.services.batch import Arrived
from shared import database, ids

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def make_captured(**changes: Any) -> Captured:
    """Return a captured request."""
    body = changes.pop("body", b"{}")
    values: dict[str, Any] = {
        "method": "POST",
        "target": "/b/orders/new?a=1",
        "path": "/new",
        "query": "a=1",
        "headers": (("Host", "bin.example"), ("x-Dup", "1"), ("X-DUP", "2")),
        "header_fidelity": "exact",
        "peer": "192.0.2.7",
        "client": "192.0.2.7",
        "body": body,
        "body_sha256": hashlib.sha256(body).hexdigest(),
    }
    return Captured(**(values | changes))


def make_arrived(slug: str = "orders", **changes: Any) -> Arrived:
    """Return a captured request on its way to a bin."""
    return Arrived(slug, make_captured(**changes), NOW)


def add_bin(engine: Engine, slug: str = "orders", **changes: Any) -> str:
    """Insert a bin and return its id."""
    bin_id = ids.new("bin", NOW)
    values = {"id": bin_id, "slug": slug, "name": slug, "max_requests": 1000, "created_at": NOW, "updated_at": NOW}
    with database.writing_connection(engine) as connection:
        connection.execute(insert(Bin).values(values | changes))
    return bin_id


def bin_of(engine: Engine, slug: str = "orders") -> Bin:
    """Return the bin as it is in the database."""
    with Session(engine, expire_on_commit=False) as session:
        return session.scalars(select(Bin).where(Bin.slug == slug)).one()


def captures_of(engine: Engine, slug: str = "orders") -> list[Capture]:
    """Return the captures of a bin by position."""
    statement = select(Capture).join(Bin, Bin.id == Capture.bin_id).where(Bin.slug == slug)
    with Session(engine, expire_on_commit=False) as session:
        return list(session.scalars(statement.order_by(Capture.position)))
