"""Slack's `X-Slack-Signature` of version v0 with its own timestamp header."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from sender.core.signatures.preset import Headers, Preset, Signable
from sender.core.signatures.secret_formats import TEXT


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """Return `v0=` and the hex HMAC-SHA256 of `v0:<timestamp>:<body>`; the key is the secret's text."""
    signed = f"v0:{timestamp}:".encode() + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _sign(secrets: Sequence[str], what: Signable, _options: Mapping[str, str]) -> Headers:
    return (
        ("X-Slack-Request-Timestamp", str(what.timestamp)),
        ("X-Slack-Signature", sign(secrets[0], what.timestamp, what.body)),
    )


SLACK = Preset(
    scheme="slack",
    title="Slack",
    summary="X-Slack-Signature v0 over time and body, with X-Slack-Request-Timestamp.",
    verify=(
        "HMAC-SHA256 over 'v0:', X-Slack-Request-Timestamp, a colon and the raw body with the secret's text as the "
        "key; X-Slack-Signature must be 'v0=' followed by the lower-case hex of this MAC. Refuse timestamps older "
        "or newer than five minutes."
    ),
    secret=TEXT,
    sign=_sign,
    sends=("X-Slack-Request-Timestamp", "X-Slack-Signature"),
)
