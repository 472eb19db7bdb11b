"""What the resources have in common: moments, states, paging, ids."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from shared import clock

Moment = Annotated[datetime, PlainSerializer(clock.rfc3339, return_type=str, when_used="json")]
State = Literal["pending", "sending", "succeeded", "failed", "cancelled"]


def _assume_utc(value: Any) -> Any:
    """A date or a time without an offset is taken as UTC."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return value


When = Annotated[AwareDatetime, BeforeValidator(_assume_utc)]


class Strict(BaseModel):
    """An input in which an unknown field is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")


class AllOptional(Strict):
    """An input in which nothing must be given, not even a body."""

    @model_validator(mode="before")
    @classmethod
    def _read_no_body(cls, value: Any) -> Any:
        return {} if value is None else value


class PageQuery(BaseModel):
    """Paging, as in every list."""

    limit: int = Field(50, ge=1, le=200, description="Rows per page.")
    cursor: str | None = Field(None, description="`next_cursor` of the page before.")


class ById(BaseModel):
    """A resource named by its id."""

    id: str


class BySlug(BaseModel):
    """An event type named by its slug."""

    slug: str
