"""What the API takes and gives: one source for validation, serialisation and the OpenAPI description."""

from __future__ import annotations

import base64
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from receiver.models import Bin, Capture
from receiver.views import links, reply
from shared.exchange import Exchange
from shared.outcome import OutcomeKind
from shared.web.schemas import Moment, Strict


class ById(BaseModel):
    """A bin named by its id (its slug works too)."""

    id: str


class ByRequestId(ById):
    """A capture named by its bin and its own id."""

    request_id: str


class RuleIn(BaseModel):
    """A response rule: one answer (`status`, `headers`, `body`, `delay_ms`), or a `sequence` of them."""

    model_config = ConfigDict(extra="allow")  # the rule's own reader names what is unknown, with all else

    status: Any = Field(None, description="200 to 599; 200 when absent.", examples=[503])
    headers: Any = Field(None, description="Names and values.", examples=[{"Retry-After": "60"}])
    body: Any = Field(None, description="Text of at most 65,536 bytes.", examples=["try later"])
    delay_ms: Any = Field(None, description="Milliseconds to wait after storing, at most 30,000.", examples=[0])
    sequence: Any = Field(None, description="Instead of the above: a list of such answers, given in turn.")
    repeat: Any = Field(None, description='After the last of a sequence: `"last"` again (default) or `"cycle"`.')

    def document(self) -> dict[str, Any]:
        """Return the rule as it was given."""
        return self.model_dump(exclude_unset=True)


class BinFields(Strict):
    """What can be said about a bin; what is not given keeps its value, or gets its default in a new bin."""

    name: str | None = Field(None, description="The slug when absent.", examples=["Orders from the shop"])
    max_requests: int | None = Field(None, description="How many captures it keeps; the oldest give way.")
    response: RuleIn | None = Field(None, description='What it answers; null is `200 {"ok": true, "id": …}`.')


class BinIn(BinFields):
    """A bin to make."""

    slug: str | None = Field(None, description="Its name in the capture URL; made up when absent.", examples=["orders"])


class AnswerOut(BaseModel):
    """An answer that a bin gave."""

    status: int
    headers: dict[str, str]
    body: str
    delay_ms: int


class BinOut(BaseModel):
    """A bin."""

    id: str
    slug: str
    url: str = Field(description="What arrives here, or below, is captured.")
    inspect_url: str
    name: str
    max_requests: int
    stored_count: int = Field(description="Captures that it holds now.")
    captured_count: int = Field(description="Captures ever; also the newest position.")
    last_captured_at: Moment | None
    created_at: Moment
    updated_at: Moment
    response: dict[str, Any] | None = Field(description="The response rule; null is the default answer.")

    @classmethod
    def of(cls, owner: Bin) -> BinOut:
        """Return the view of a bin."""
        own = set(cls.model_fields) - {"url", "inspect_url", "response"}
        return cls(
            **{name: getattr(owner, name) for name in own},
            url=links.capture_url(owner),
            inspect_url=links.inspect_url(owner),
            response=None if owner.response is None else json.loads(owner.response),
        )


class BinPage(BaseModel):
    """A page of bins, newest first."""

    items: list[BinOut]
    next_cursor: str | None = None


class CaptureOut(BaseModel):
    """A captured request; its body is at `…/body`."""

    id: str
    position: int = Field(description="Counts up within the bin, from 1, without gaps.")
    received_at: Moment
    method: str
    target: str = Field(description="The request target, raw.")
    path: str = Field(description="What of the path is below the bin, raw.")
    query: str = Field(description="The query, raw.")
    headers: list[tuple[str, str]] = Field(description="Names and values as on the wire.")
    header_fidelity: Literal["exact", "ordered", "wsgi"] = Field(
        description="`exact`: order, case and duplicates as sent; `ordered`: without their case; `wsgi`: neither."
    )
    peer: str = Field(description="Address of the other end of the connection.")
    client: str = Field(description="Address of the client, as trusted proxies tell it; else the peer.")
    body_size: int
    body_sha256: str
    response: AnswerOut = Field(description="What the bin answered.")

    @classmethod
    def of(cls, capture: Capture) -> CaptureOut:
        """Return the view of a capture."""
        fields = {name: getattr(capture, name) for name in set(cls.model_fields) - {"response"}}
        return cls(**fields, response=answer_of(capture))


class CapturePage(BaseModel):
    """A page of captures, newest first."""

    items: list[CaptureOut]
    next_cursor: str | None = None


class ForwardIn(Strict):
    """Where to send a capture."""

    url: str = Field(description="http or https; a private address must be allowed.", examples=["https://example.com/"])


class SentOut(BaseModel):
    """A request exactly as it was sent on."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body_base64: str


class CameBackOut(BaseModel):
    """An answer as it came; `truncated` when its body was longer than what is read."""

    status: int
    headers: list[tuple[str, str]]
    body_base64: str
    truncated: bool


class ForwardOut(BaseModel):
    """What came of a forward."""

    started_at: Moment
    duration_ms: int
    outcome: OutcomeKind
    detail: str = Field(description="The outcome in a sentence.")
    request: SentOut
    response: CameBackOut | None

    @classmethod
    def of(cls, exchange: Exchange) -> ForwardOut:
        """Return the view of an exchange."""
        sent, came = exchange.request, exchange.response
        return cls(
            started_at=exchange.started_at,
            duration_ms=round(exchange.duration_ms),
            outcome=exchange.outcome.kind,
            detail=exchange.outcome.detail,
            request=SentOut(
                method=sent.method, url=sent.url, headers=list(sent.headers), body_base64=_base64(sent.body)
            ),
            response=came
            and CameBackOut(
                status=came.status,
                headers=list(came.headers),
                body_base64=_base64(came.body),
                truncated=came.truncated,
            ),
        )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def answer_of(capture: Capture) -> AnswerOut:
    """Return what the bin answered to a capture."""
    if capture.response is not None:
        return AnswerOut.model_validate_json(capture.response)
    usual = reply.default(capture.id)
    return AnswerOut(status=usual.status, headers=dict(usual.headers), body=usual.body.decode(), delay_ms=0)
