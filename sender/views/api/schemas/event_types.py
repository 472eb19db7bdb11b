"""Event types as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from sender.services.event_types import EventType
from shared.web.schemas import Moment, Strict


class EventTypeIn(Strict):
    """A custom event type."""

    slug: str = Field(examples=["invoice.overdue"])
    name: str = Field(max_length=200, examples=["Invoice overdue"])
    description: str = Field("", max_length=2000)
    example: dict[str, Any] = Field(description="A typical payload.")
    json_schema: dict[str, Any] | None = Field(
        None, alias="schema", description="JSON Schema 2020-12 of the payload; inferred from the example when absent."
    )


class EventTypePatch(Strict):
    """A change of an event type; `retired` also works on built-in ones."""

    name: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=2000)
    example: dict[str, Any] | None = None
    json_schema: dict[str, Any] | None = Field(None, alias="schema")
    retired: bool | None = None


class EventTypeOut(BaseModel):
    """An entry of the catalogue."""

    slug: str
    name: str
    description: str
    fires_when: str
    source: str = Field(description="`ultimate-multisite-2`, `wp-ultimo-1`, `hookloop` or `custom`.")
    example: dict[str, Any]
    json_schema: dict[str, Any] = Field(serialization_alias="schema")
    retired_at: Moment | None

    @classmethod
    def of(cls, kind: EventType) -> EventTypeOut:
        """Return the view of an event type."""
        return cls(
            slug=kind.slug,
            name=kind.name,
            description=kind.description,
            fires_when=kind.fires_when,
            source=kind.source,
            example=dict(kind.example),
            json_schema=dict(kind.schema),
            retired_at=kind.retired_at,
        )


class EventTypePage(BaseModel):
    """A page of the catalogue."""

    items: list[EventTypeOut]
    next_cursor: str | None
