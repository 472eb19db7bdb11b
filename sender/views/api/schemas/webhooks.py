"""Webhooks as the API takes and gives them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from sender.models import Webhook
from sender.views.api.schemas.base import Moment, Strict


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


class WebhookPage(BaseModel):
    """A page of webhooks."""

    items: list[WebhookOut]
    next_cursor: str | None


class Secret(BaseModel):
    """A signing secret in clear."""

    secret: str


class TestIn(Strict):
    """Which event type's example to send; the webhook's first when absent."""

    __test__ = False  # not a test class

    event_type: str | None = None
