"""What the resources of the sender's API have in common: moments, states, ids."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, model_validator

from shared import moments
from shared.web.schemas import Strict

State = Literal["pending", "sending", "succeeded", "failed", "cancelled"]
WebhookState = Literal["active", "paused", "disabled"]


_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)


def _read_date_time(value: Any) -> Any:
    """Read an RFC 3339 date-time and nothing else: `2026` would be taken as seconds since 1970."""
    try:
        if isinstance(value, str) and _DATE_TIME.fullmatch(value):
            return moments.parse(value.upper())
    except ValueError:
        pass
    raise ValueError("Write it as an RFC 3339 date-time with its offset, such as 2026-01-31T13:00:00Z.")


When = Annotated[AwareDatetime, BeforeValidator(_read_date_time), AfterValidator(moments.check)]


class AllOptional(Strict):
    """An input in which nothing must be given, not even a body."""

    # flask-openapi3's own key: what the document says about the body
    model_config = ConfigDict(openapi_extra={"required": False})  # type: ignore[typeddict-unknown-key]

    @model_validator(mode="before")
    @classmethod
    def _read_no_body(cls, value: Any) -> Any:
        return {} if value is None else value


class ById(BaseModel):
    """A resource named by its id."""

    id: str


class BySlug(BaseModel):
    """An event type named by its slug."""

    slug: str
