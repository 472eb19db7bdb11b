"""What the resources of both JSON APIs have in common: moments, strict input, paging."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, field_validator

from shared import moments, paging
from shared.web import nul

Moment = Annotated[datetime, PlainSerializer(moments.rfc3339, return_type=str)]


class Strict(BaseModel):
    """An input in which an unknown field is a mistake worth telling, and no text holds a NUL."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _refuse_nul(cls, value: Any) -> Any:
        return nul.check(value)


class PageQuery(BaseModel):
    """Paging, as in every list."""

    limit: int = Field(50, ge=1, le=paging.MOST, description="Rows per page.")
    cursor: str | None = Field(None, description="`next_cursor` of the page before.")
