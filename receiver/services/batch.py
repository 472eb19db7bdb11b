"""Stores a batch of captures in one transaction: counts, rows and the trimming of full bins."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from receiver.core import responses
from receiver.core.capture import Captured
from receiver.core.responses import Answer, Rule
from receiver.models import Bin, Capture
from shared import changes, ids, json_text

CHANGES = "hookloop_receiver"  # the channel on which writing transactions announce themselves


@dataclass(frozen=True, slots=True)
class Arrived:
    """A captured request on its way into the bin `slug`."""

    slug: str
    captured: Captured
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of it: its id and position in the bin, and what its bin's rule answers (None: the default)."""

    id: str
    position: int
    answer: Answer | None


_COUNT = (
    update(Bin)
    .where(Bin.slug == bindparam("bin_slug"))
    .values(
        captured_count=Bin.captured_count + bindparam("arriving"),
        stored_count=Bin.stored_count + bindparam("arriving"),
        last_captured_at=bindparam("latest"),
    )
    .returning(Bin.id, Bin.captured_count, Bin.stored_count, Bin.max_requests, Bin.response, Bin.response_since)
)
_INSERT = insert(Capture)
_OLDEST = (
    select(Capture.position)
    .where(Capture.bin_id == bindparam("bin"))
    .order_by(Capture.position)
    .limit(bindparam("excess"))
    .subquery()
)
# Up to one position, not among many: PostgreSQL might join these row by row.
_TRIM = delete(Capture).where(
    Capture.bin_id == bindparam("bin"),
    Capture.position <= select(func.max(_OLDEST.c.position)).scalar_subquery(),
)
_UNCOUNT = update(Bin).where(Bin.id == bindparam("bin")).values(stored_count=Bin.stored_count - bindparam("removed"))


def store(connection: Connection, batch: Sequence[Arrived]) -> list[Stored | None]:
    """Store `batch` in the transaction of `connection`, in order; None for a capture whose bin is gone.

    Bins are taken in the order of their slugs: processes that lock the same rows in the same order never wait for
    one another in a circle.
    """
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, arrived in enumerate(batch):
        numbers[arrived.slug].append(number)
    results: list[Stored | None] = [None] * len(batch)
    rows: list[dict[str, Any]] = []
    full: list[tuple[str, int]] = []
    for slug in sorted(numbers):
        arriving = [batch[number] for number in numbers[slug]]
        owner = _count(connection, slug, arriving)
        if owner is None:
            continue
        for number, (stored, row) in zip(numbers[slug], _place(owner, arriving), strict=True):
            results[number] = stored
            rows.append(row)
        if owner.stored_count > owner.max_requests:
            full.append((owner.id, owner.stored_count - owner.max_requests))
    if rows:
        connection.execute(_INSERT, rows)
        for bin_id, excess in full:
            trim(connection, bin_id, excess)
        changes.announce(connection, CHANGES)
    return results


def trim(connection: Connection, bin_id: str, excess: int) -> None:
    """Delete the `excess` oldest captures of a bin and count them out."""
    removed = connection.execute(_TRIM, {"bin": bin_id, "excess": excess}).rowcount
    connection.execute(_UNCOUNT, {"bin": bin_id, "removed": removed})


@lru_cache(maxsize=256)
def read_rule(text: str) -> Rule:
    """Return the response rule that a bin holds as JSON text."""
    return responses.read(json.loads(text))


def _count(connection: Connection, slug: str, arriving: Sequence[Arrived]) -> Any:
    """Count the arrivals into their bin, which also locks it, and return the bin as it then is."""
    latest = max(arrived.received_at for arrived in arriving)
    values = {"bin_slug": slug, "arriving": len(arriving), "latest": latest}
    return connection.execute(_COUNT, values).one_or_none()


def _place(owner: Any, arriving: Sequence[Arrived]) -> list[tuple[Stored, dict[str, Any]]]:
    """Return what becomes of each arrival in the bin `owner`, with its row."""
    first = owner.captured_count - len(arriving) + 1
    placed = []
    for position, arrived in enumerate(arriving, start=first):
        answer = None
        if owner.response is not None:
            answer = responses.choose(read_rule(owner.response), position - owner.response_since)
        stored = Stored(ids.new("req", arrived.received_at), position, answer)
        placed.append((stored, _row(owner.id, stored, arrived)))
    return placed


def _row(bin_id: str, stored: Stored, arrived: Arrived) -> dict[str, Any]:
    captured = arrived.captured
    return {
        "id": stored.id,
        "bin_id": bin_id,
        "position": stored.position,
        "received_at": arrived.received_at,
        "method": captured.method,
        "target": captured.target,
        "path": captured.path,
        "query": captured.query,
        "headers": captured.headers,
        "header_fidelity": captured.header_fidelity,
        "peer": captured.peer,
        "client": captured.client,
        "body_size": captured.body_size,
        "body_sha256": captured.body_sha256,
        "response": None if stored.answer is None else json_text.dump(stored.answer.document()),
        "body": captured.body,
    }
