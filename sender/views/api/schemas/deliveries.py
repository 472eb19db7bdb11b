"""Deliveries and their attempts as the API gives them."""

from __future__ import annotations

import base64
from typing import Any

from pydantic import BaseModel, Field

from sender.models import Attempt, Delivery
from sender.services.deliveries import Resent
from sender.views.api.schemas.base import AllOptional, State
from shared.outcome import OutcomeKind
from shared.web.schemas import Moment


class Request(BaseModel):
    """A request exactly as it was sent."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body_base64: str


class Response(BaseModel):
    """An answer as it came; `truncated` when its body was longer than what is kept."""

    status: int
    headers: list[tuple[str, str]]
    body_base64: str
    truncated: bool


class AttemptOut(BaseModel):
    """One HTTP exchange of a delivery."""

    id: str
    number: int
    started_at: Moment
    duration_ms: int
    outcome: OutcomeKind
    detail: str
    request: Request
    response: Response | None

    @classmethod
    def of(cls, attempt: Attempt) -> AttemptOut:
        """Return the view of an attempt."""
        response = None
        if attempt.status is not None:
            response = Response(
                status=attempt.status,
                headers=[(name, value) for name, value in attempt.response_headers or []],
                body_base64=base64.b64encode(attempt.response_body or b"").decode(),
                truncated=attempt.response_truncated,
            )
        return cls.model_validate(
            {
                "id": attempt.id,
                "number": attempt.number,
                "started_at": attempt.started_at,
                "duration_ms": attempt.duration_ms,
                "outcome": attempt.outcome,
                "detail": attempt.detail,
                "response": response,
                "request": Request(
                    method=attempt.method,
                    url=attempt.url,
                    headers=[(name, value) for name, value in attempt.request_headers],
                    body_base64=base64.b64encode(attempt.request_body).decode(),
                ),
            }
        )


class DeliveryOut(BaseModel):
    """A delivery with its attempts, oldest first."""

    id: str
    event_id: str
    webhook_id: str
    event_type: str
    state: State
    reason: str | None
    test: bool
    created_at: Moment
    finished_at: Moment | None
    next_attempt_at: Moment | None
    attempt_count: int
    resend_of: str | None
    replay_id: str | None
    attempts: list[AttemptOut]

    @classmethod
    def of(cls, delivery: Delivery) -> DeliveryOut:
        """Return the view of a delivery."""
        fields = {name: getattr(delivery, name) for name in cls.model_fields if name != "attempts"}
        return cls.model_validate(fields | {"attempts": [AttemptOut.of(attempt) for attempt in delivery.attempts]})


class Warning_(BaseModel):  # noqa: N801  # `Warning` is Python's own
    """Where a payload departs from the event type's schema; the event is accepted all the same."""

    field: str
    message: str


class ResendIn(AllOptional):
    """How to resend: as it was, or with another payload."""

    payload: dict[str, Any] | None = Field(
        None, description="Sent instead, as a new event; absent or null: the same event, as it was."
    )


class ResentOut(DeliveryOut):
    """The new delivery; `warnings` tell where an edited payload departs from the schema."""

    warnings: list[Warning_] = []

    @classmethod
    def of_resent(cls, resent: Resent) -> ResentOut:
        """Return the view of a delivery just made."""
        warnings = [Warning_(field=problem.field, message=problem.message) for problem in resent.warnings]
        return cls(**dict(DeliveryOut.of(resent.delivery)), warnings=warnings)


class DeliveryRef(BaseModel):
    """A delivery that an event owes."""

    id: str
    webhook_id: str


class DeliveryPage(BaseModel):
    """A page of deliveries."""

    items: list[DeliveryOut]
    next_cursor: str | None
