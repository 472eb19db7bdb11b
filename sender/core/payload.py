"""From an event and a webhook to the exact request that an attempt sends."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sender.core import signatures
from sender.core.signatures import Signable
from shared import __version__, json_text, moments
from shared.exchange import Request
from shared.json_text import Number

USER_AGENT = f"Hookloop/{__version__}"
REQUEST_ORIGIN = "webhook-request-origin"


class Unpreparable(Exception):
    """No request can be made; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Message:
    """What an event says: its id, type, time and payload (JSON text)."""

    event_id: str
    event_type: str
    occurred_at: datetime
    payload: str


@dataclass(frozen=True, slots=True)
class Destination:
    """What a webhook asks of the requests made to it.

    `signature` is its scheme with the options, `secrets` in clear are all that sign, the present one first; none when
    that was encrypted with another key. `headers` are its own, None when they cannot be read. `fault` is why nothing
    can be sent to it at all, in words. `origin` is the host name that its endpoint permitted to send, see `handshake`.
    """

    webhook_id: str
    url: str
    body_format: str
    signature: Mapping[str, Any]
    headers: Mapping[str, str] | None
    secrets: tuple[str, ...]
    fault: str | None = None
    origin: str | None = None


def prepare(message: Message, destination: Destination, now: datetime) -> Request:
    """Return the request that carries `message` to `destination`, signed for this moment.

    The id and the body stay the same over all attempts; the timestamp and the signature are those of `now`
    (Standard Webhooks 1.0, "Webhook Headers"). Raise Unpreparable.
    """
    if destination.fault:
        raise Unpreparable(destination.fault)
    if not destination.secrets:
        raise Unpreparable(
            "The webhook's secret was encrypted with another key; give that key back, or rotate the secret."
        )
    if destination.headers is None:
        raise Unpreparable(
            "The webhook's own headers were encrypted with another key; give that key back, or set the headers anew."
        )
    content_type, body = encode(message, destination)
    timestamp = int(now.timestamp())
    headers = [
        ("content-type", content_type),
        ("user-agent", USER_AGENT),
        ("webhook-id", message.event_id),
        ("webhook-timestamp", str(timestamp)),
    ]
    if destination.origin is not None:
        headers.append((REQUEST_ORIGIN, destination.origin))
    what = Signable(message.event_id, message.event_type, message.occurred_at, destination.webhook_id, timestamp, body)
    preset = signatures.PRESETS[destination.signature["scheme"]]
    headers.extend(preset.sign(destination.secrets, what, destination.signature))
    headers.extend(destination.headers.items())
    return Request("POST", destination.url, tuple(headers), body)


def encode(message: Message, destination: Destination) -> tuple[str, bytes]:
    """Return the content type and the body of `message` in the destination's body format. Raise Unpreparable."""
    match destination.body_format:
        case "standard":
            return "application/json", _standard(message).encode()
        case "flat":
            return "application/json", message.payload.encode()
        case "form":
            return "application/x-www-form-urlencoded", _form(message, destination.webhook_id).encode()
        case other:
            raise Unpreparable(f"This release does not know the webhook's body format, {other!r}.")


def _standard(message: Message) -> str:
    """The Standard Webhooks body; the payload's text goes in untouched, so that numbers keep their spelling."""
    kind = json.dumps(message.event_type)
    return f'{{"type":{kind},"timestamp":"{moments.rfc3339(message.occurred_at)}","data":{message.payload}}}'


def _form(message: Message, webhook_id: str) -> str:
    """The body of WP Ultimo v1: PHP's http_build_query of webhook_id, type and data (its type had no prefix)."""
    pairs = [("webhook_id", webhook_id), ("type", message.event_type.removeprefix("v1."))]
    pairs.extend(_bracketed("data", json_text.load(message.payload)))
    return urlencode(pairs)


def _bracketed(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield `key[a][0]=…` pairs as PHP does: true is 1, false is 0, null is left out."""
    match value:
        case None:
            return
        case dict():
            for name, item in value.items():
                yield from _bracketed(f"{key}[{name}]", item)
        case list():
            for index, item in enumerate(value):
                yield from _bracketed(f"{key}[{index}]", item)
        case bool():
            yield key, "1" if value else "0"
        case Number():
            yield key, value.text
        case _:
            yield key, str(value)
