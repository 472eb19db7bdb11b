"""Webhooks as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, SerializerFunctionWrapHandler, StrictInt, model_serializer

from sender.core.signatures import SCHEMES, credentials
from sender.models import Webhook
from sender.services import own_headers, secrets
from sender.services.vault import Vault
from sender.views.api.schemas.base import AllOptional, WebhookState
from shared import clock
from shared.web.schemas import Moment, Strict


class Signature(Strict):
    """How deliveries are signed: the scheme, and what it lets one set."""

    scheme: str = Field("standard", description=f"One of {', '.join(f'`{scheme}`' for scheme in SCHEMES)}.")
    header: str | None = Field(None, description="`token`: the header that carries the secret.")
    shop_domain: str | None = Field(
        None, description="`shopify`: sent as `X-Shopify-Shop-Domain`, which its JavaScript library asks for."
    )
    api_version: str | None = Field(None, description="`shopify`: sent as `X-Shopify-API-Version`.")
    public_key: str | None = Field(
        None, description="`standard-ed25519`: `whpk_…`, with which v1a is verified. Read only: it follows the secret."
    )

    @property
    def options(self) -> dict[str, str]:
        """What was set beside the scheme."""
        return self.model_dump(exclude={"scheme", "public_key"})

    @model_serializer(mode="wrap")
    def _without_what_is_unset(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None}


class OldSecret(BaseModel):
    """A secret before the present one that still signs."""

    expires_at: Moment


class Permission(BaseModel):
    """What an endpoint granted when it was asked for permission (CloudEvents' handshake)."""

    granted_at: Moment
    origin: str = Field(description="The host name that it permits; each delivery says it, `WebHook-Request-Origin`.")
    rate: int | None = Field(description="Requests a minute that it permits; null: any number.")

    @classmethod
    def of(cls, webhook: Webhook) -> Permission | None:
        """Return what was granted, None when nothing is."""
        if webhook.permitted_at is None or webhook.permitted_origin is None:
            return None
        return cls(granted_at=webhook.permitted_at, origin=webhook.permitted_origin, rate=webhook.permitted_rate)


class WebhookIn(Strict):
    """A webhook to register."""

    name: str = Field(examples=["Billing"])
    url: str = Field(examples=["https://example.com/hooks/billing"])
    event_types: list[str] = Field(examples=[["payment_received", "membership_*"]])
    active: bool = True
    integration: str = "manual"
    body_format: str = Field(
        "standard",
        description="`standard`, `flat` or `form`. Libraries that verify `standard`, `standard-ed25519`, `svix`, "
        "`stripe` or `github` read JSON and refuse `form`.",
    )
    signature: Signature = Field(default_factory=Signature)
    headers: dict[str, str] = Field(
        default_factory=dict,
        description="Headers added to every delivery. They are stored encrypted and shown in clear with the webhook; "
        "in lists and with a delivery the values of names with auth, cookie, session, secret, token, key, password and "
        "the like are `[redacted]`.",
    )
    secret: str | None = Field(
        None,
        description="Made when absent. `standard` and `svix`: `whsec_` and base64 of 24 to 64 bytes; "
        "`standard-ed25519`: the same, `whsk_` and a key pair, or both with a space between; `basic`: "
        "`user:password`; others: 8 to 512 printable ASCII characters.",
    )
    max_in_flight: StrictInt = Field(10, description="Requests at the same time, 1 to 512.")
    rate_limit: StrictInt | None = Field(None, description="Requests per `rate_period`, 1 to 10,000; null: no limit.")
    rate_period: str = Field("second", description="`second` or `minute`.")


class WebhookPatch(Strict):
    """A change of a webhook: only what is given changes, and null is as if it was not given, but for `rate_limit`.

    A secret that is given replaces the present one at once, and the old ones end. A scheme that the present secret does
    not fit gets a fresh one, which the answer holds; one that it fits keeps it, with those old ones that it can carry.
    """

    name: str | None = None
    url: str | None = Field(
        None,
        description="Another URL begins anew: failures in a row, a rest or a `Retry-After` of the old endpoint count "
        "no more, and what waits for it is sent at once, within the webhook's limits. The counters stay.",
    )
    event_types: list[str] | None = None
    active: bool | None = None
    integration: str | None = None
    body_format: str | None = None
    signature: Signature | None = None
    headers: dict[str, str] | None = None
    secret: str | None = None
    max_in_flight: StrictInt | None = None
    rate_limit: StrictInt | None = Field(None, description="Null takes the limit away.")
    rate_period: str | None = None


class WebhookOut(BaseModel):
    """A registered webhook."""

    id: str
    name: str
    url: str
    event_types: list[str]
    active: bool
    state: WebhookState
    disabled_reason: str | None
    integration: str
    body_format: str
    signature: Signature
    headers: dict[str, str] | None = Field(
        description="Null: they were encrypted with another key, and nothing is sent before that is given back or they "
        "are set anew. In a list the values of credentials, by their names, are `[redacted]`."
    )
    old_secrets: list[OldSecret] = Field(description="Secrets before the present one that still sign, newest first.")
    max_in_flight: int
    rate_limit: int | None
    rate_period: str
    permission: Permission | None = Field(
        description="What its endpoint granted to `POST /api/v1/webhooks/{id}/permission`; null when nothing is, and "
        "after a change of the URL."
    )
    created_at: Moment
    updated_at: Moment
    succeeded_count: int
    failed_count: int
    last_attempt_at: Moment | None
    last_outcome: str | None
    last_status: int | None
    condition: str = Field(
        description="`well`, `failing` (the last attempt failed), `resting` (see `blocked_until`), or `probing`: the "
        "rest is over, and one delivery, under way or the next to come, is sent to see whether all is well. One that "
        "is not active is `failing` or `well`: activating it ends its rest, unless its endpoint asked for it."
    )
    failure_count: int = Field(description="Failed attempts in a row.")
    failing_since: Moment | None
    warned_at: Moment | None = Field(description="When it was reported as failing for long.")
    blocked_until: Moment | None = Field(
        description="Nothing is sent before; then, however long ago that is, the next delivery probes. While a probe "
        "is under way: when another may follow it."
    )
    blocked_reason: str | None = Field(description="`breaker`, `retry_after` or `probing`.")
    missed_since: Moment | None = Field(
        description="Set when Hookloop disables the webhook: the publication of the oldest event that it missed; or "
        "when a replay of all that did not arrive skips events because it is paused: that of the first of them. Once "
        "it is active again, `POST /api/v1/replays` with this `since` and its `webhook_id` sends all that did not "
        "arrive; `dry_run` counts it before. Null when there is nothing to make up for: none missed, replayed, or "
        "dismissed (`DELETE /api/v1/webhooks/{id}/missed`, which while it is disabled sets it to now). A replay that "
        "is stopped sets it to where it had come to."
    )

    @classmethod
    def of(cls, webhook: Webhook, vault: Vault) -> WebhookOut:
        """Return the view of a webhook; it holds no secret but those that may be among its own headers."""
        made = {
            "old_secrets": old_secrets(webhook),
            "headers": own_headers.unlock(vault, webhook),
            "permission": Permission.of(webhook),
        }
        fields = {name: getattr(webhook, name) for name in WebhookOut.model_fields if name not in made}
        return cls.model_validate(fields | made)

    @classmethod
    def listed(cls, webhook: Webhook, vault: Vault) -> WebhookOut:
        """Return the view of a webhook among others: without credentials."""
        view = cls.of(webhook, vault)
        return view if view.headers is None else view.model_copy(update={"headers": credentials.hide(view.headers)})


class WebhookDetail(WebhookOut):
    """A registered webhook and what it is still owed."""

    owed: int = Field(description="Deliveries that are not finished: those that wait, are held or are being sent.")

    @classmethod
    def counted(cls, webhook: Webhook, vault: Vault, owed: int) -> WebhookDetail:
        """Return the view of a webhook that is owed so many deliveries."""
        return cls(**dict(WebhookOut.of(webhook, vault)), owed=owed)


class WebhookCreated(WebhookOut):
    """A webhook just registered, with the secret that its receiver verifies with."""

    secret: str
    warnings: list[str] = Field(
        description="What is odd but no fault: globs that fit no event type there is yet, a body format that libraries "
        "for the signature do not read, headers that they ask for.",
    )


class WebhookChanged(WebhookOut):
    """A webhook just changed."""

    warnings: list[str] = Field(
        default_factory=list,
        description="What is odd but no fault: globs that fit no event type there is yet, a body format that libraries "
        "for the signature do not read, headers that they ask for, old secrets that ended.",
    )
    secret: str | None = Field(None, description="The fresh secret, when the new scheme needed one.")


class WebhookPage(BaseModel):
    """A page of webhooks."""

    items: list[WebhookOut]
    next_cursor: str | None


class Secret(BaseModel):
    """A signing secret in clear."""

    secret: str
    public_key: str | None = Field(None, description="`standard-ed25519`: what v1a is verified with.")


class RotateIn(AllOptional):
    """Which secret comes next, and how long the present one signs beside it."""

    secret: str | None = Field(None, description="Made when absent; the present one again changes nothing.")
    overlap_seconds: StrictInt = Field(
        secrets.DEFAULT_OVERLAP,
        description="0 to 604,800; 0 ends all old secrets at once, and so does a scheme that carries one signature. "
        "Attempts that have begun, or begin in the moment that a worker needs to hear of it, may still carry one.",
    )


class Rotated(Secret):
    """The new secret, and the old ones that sign beside it."""

    old_secrets: list[OldSecret] = Field(description="Newest first, at most 5; empty when the new one signs alone.")


class PermissionAsked(BaseModel):
    """What an endpoint answered when it was asked for permission."""

    granted: bool
    detail: str = Field(description="Its answer in words.")
    permission: Permission | None
    rate_limit: int | None = Field(description="The webhook's limit now: what is permitted, unless its own is slower.")
    rate_period: str


class Retried(BaseModel):
    """What of a webhook is retried now."""

    deliveries: int = Field(description="How many waited for a later attempt.")


class TestIn(AllOptional):
    """Which event type's example to send; the webhook's first when absent."""

    __test__ = False  # not a test class

    event_type: str | None = None


def old_secrets(webhook: Webhook) -> list[OldSecret]:
    """Return the ends of the old secrets that sign right now."""
    return [OldSecret(expires_at=end) for end in secrets.ends(webhook, clock.now())]
