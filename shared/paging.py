"""Lists a page at a time: some rows, and the cursor by which the next page is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select

from shared import ids
from shared.errors import FieldError, InvalidInput

Row = TypeVar("Row")

MOST = 200  # rows of a page


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows and the cursor of the next page, None on the last."""

    items: Sequence[Row]
    next_cursor: str | None


def newest_first(session: Any, query: Select[Any], model: Any, limit: int, cursor: str | None) -> Page[Any]:
    """Return a page of `query`, rows of `model`; our own ids sort by time, so the last one is the cursor."""
    if cursor:
        if not ids.is_id(cursor):
            raise not_given_out()
        query = query.where(model.id < cursor)
    rows = session.scalars(query.order_by(model.id.desc()).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: str(row.id))


def cut(rows: Sequence[Row], limit: int, cursor_of: Callable[[Row], str]) -> Page[Row]:
    """Return the first `limit` rows as a page; when there are more, its cursor is that of the last of them."""
    return Page(rows[:limit], cursor_of(rows[limit - 1]) if len(rows) > limit else None)


def not_given_out() -> InvalidInput:
    """Return the error for a cursor of another shape than those that were given out."""
    return InvalidInput.of(FieldError("cursor", "This cursor is not one that was given out."))
