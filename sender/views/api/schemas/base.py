"""What the resources of the sender's API have in common: moments, states, ids."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, model_validator

from shared import moments
from shared.web.schemas import Strict

State = Literal["pending", "sending", "succeeded", "failed", "cancelled"]
WebhookState = Literal["active", "paused", "disabled"]


def _assume_utc(value: Any) -> Any:
    """A date or a time without an offset is taken as UTC."""
    try:
        return moments.parse(value) if isinstance(value, str) else value
    except ValueError:
        return value  # pydantic says what is wrong with it


When = Annotated[AwareDatetime, BeforeValidator(_assume_utc), AfterValidator(moments.check)]


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
