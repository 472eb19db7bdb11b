"""What the API takes and gives: one source for validation, serialisation and the OpenAPI description."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from sender.models import Attempt, Delivery, Event, Webhook
from sender.services.event_types import EventType
from shared import clock
from shared.outcome import OutcomeKind

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
    source: str = Field(description="`ultimate-multisite-2`, `wp-ultimo-1` or `custom`.")
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


class Signature(Strict):
    """How deliveries are signed."""

    scheme: str = Field("standard", description="`standard` (Standard Webhooks v1) or `none`.")


class WebhookIn(Strict):
    """A webhook to register."""

    name: str = Field(examples=["Billing"])
    url: str = Field(examples=["https://example.com/hooks/billing"])
    event_types: list[str] = Field(examples=[["payment_received", "membership_*"]])
    active: bool = True
    integration: str = "manual"
    body_format: str = Field("standard", description="`standard`, `flat` or `form`.")
    signature: Signature = Field(default_factory=Signature)
    headers: dict[str, str] = Field(default_factory=dict, description="Headers added to every delivery.")
    secret: str | None = Field(None, description="`whsec_` and base64 of 24 to 64 bytes; made when absent.")


class WebhookPatch(Strict):
    """A change of a webhook: only what is given changes."""

    name: str | None = None
    url: str | None = None
    event_types: list[str] | None = None
    active: bool | None = None
    integration: str | None = None
    body_format: str | None = None
    signature: Signature | None = None
    headers: dict[str, str] | None = None
    secret: str | None = None


class WebhookOut(BaseModel):
    """A registered webhook."""

    id: str
    name: str
    url: str
    event_types: list[str]
    active: bool
    state: str = Field(description="`active`, `paused` or `disabled`.")
    disabled_reason: str | None
    integration: str
    body_format: str
    signature: Signature
    headers: dict[str, str]
    created_at: Moment
    updated_at: Moment
    succeeded_count: int
    failed_count: int
    last_attempt_at: Moment | None
    last_outcome: str | None
    last_status: int | None

    @classmethod
    def of(cls, webhook: Webhook) -> WebhookOut:
        """Return the view of a webhook; it holds no secret."""
        fields = {name: getattr(webhook, name) for name in cls.model_fields}
        return cls.model_validate(fields)


class WebhookCreated(WebhookOut):
    """A webhook just registered, with the secret that its receiver verifies with."""

    secret: str


class Secret(BaseModel):
    """A signing secret in clear."""

    secret: str


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
    attempts: list[AttemptOut]

    @classmethod
    def of(cls, delivery: Delivery) -> DeliveryOut:
        """Return the view of a delivery."""
        fields = {name: getattr(delivery, name) for name in cls.model_fields if name != "attempts"}
        return cls.model_validate(fields | {"attempts": [AttemptOut.of(attempt) for attempt in delivery.attempts]})


class DeliveryRef(BaseModel):
    """A delivery that an event owes."""

    id: str
    webhook_id: str


class EventIn(Strict):
    """An event to publish."""

    type: str = Field(examples=["payment_received"])
    payload: dict[str, Any]
    id: str | None = Field(None, description="The event's id, chosen by you; publishing it again sends nothing.")


class Warning_(BaseModel):  # noqa: N801  # `Warning` is Python's own
    """Where a payload departs from the event type's schema; the event is accepted all the same."""

    field: str
    message: str


class EventAccepted(BaseModel):
    """A stored event and the deliveries it owes."""

    id: str
    deliveries: list[DeliveryRef]
    warnings: list[Warning_]


class EventOut(BaseModel):
    """An event."""

    id: str
    type: str
    payload: dict[str, Any]
    test: bool
    created_at: Moment
    deliveries: list[DeliveryRef]

    @classmethod
    def of(cls, event: Event) -> EventOut:
        """Return the view of an event."""
        refs = [DeliveryRef(id=delivery.id, webhook_id=delivery.webhook_id) for delivery in event.deliveries]
        return cls(
            id=event.id,
            type=event.type,
            payload=json.loads(event.payload),
            test=event.test,
            created_at=event.created_at,
            deliveries=refs,
        )


class TestIn(Strict):
    """Which event type's example to send; the webhook's first when absent."""

    __test__ = False  # not a test class

    event_type: str | None = None


class HookIn(Strict):
    """A subscription as an automation platform makes it."""

    model_config = ConfigDict(extra="ignore")

    target_url: str
    event: str


class HookOut(BaseModel):
    """A subscription."""

    id: str


class WebhookPage(BaseModel):
    """A page of webhooks."""

    items: list[WebhookOut]
    next_cursor: str | None


class EventTypePage(BaseModel):
    """The whole catalogue; it is never long enough to be cut."""

    items: list[EventTypeOut]
    next_cursor: None = None


class EventPage(BaseModel):
    """A page of events."""

    items: list[EventOut]
    next_cursor: str | None


class DeliveryPage(BaseModel):
    """A page of deliveries."""

    items: list[DeliveryOut]
    next_cursor: str | None
