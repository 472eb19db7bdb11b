"""Standard Webhooks v1: secrets, signatures and their verification (standardwebhooks.com, spec 1.0)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets as random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PREFIX = "whsec_"
KEY_BYTES = (24, 64)
TOLERANCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a signature holds, and why not."""

    ok: bool
    reason: str = ""


def new_secret() -> str:
    """Return a fresh signing secret: `whsec_` and 32 random bytes in padded base64."""
    return PREFIX + base64.b64encode(random.token_bytes(32)).decode()


def check_secret(text: str) -> str | None:
    """Return in words what is wrong with a signing secret, None when it can be used."""
    if not text.startswith(PREFIX):
        return f"A secret starts with {PREFIX}."
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return f"What follows {PREFIX} must be padded base64."
    low, high = KEY_BYTES
    if not low <= len(key) <= high:
        return f"The key has {len(key)} bytes; use {low} to {high}."
    return None


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the token `v1,<base64>` of HMAC-SHA256 over `id.timestamp.body`; `timestamp` is in Unix seconds.

    Raise ValueError for a malformed secret.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def verify(
    secrets: Iterable[str],
    headers: Mapping[str, str],
    body: bytes,
    now: float,
    tolerance: int = TOLERANCE_SECONDS,
) -> Verdict:
    """Return whether one of `secrets` signed `body`; `headers` has lower-case names, `now` is in Unix seconds."""
    try:
        message_id, timestamp, tokens = (headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    except KeyError as missing:
        return Verdict(False, f"The header {missing.args[0]} is missing.")
    if not (timestamp.isascii() and timestamp.isdigit()):
        return Verdict(False, "The timestamp is not a number of seconds.")
    if abs(now - int(timestamp)) > tolerance:
        return Verdict(False, f"The timestamp is more than {tolerance} seconds away from now.")
    expected = [sign(secret, message_id, int(timestamp), body).encode() for secret in secrets]
    given = [token.encode("utf-8", "surrogateescape") for token in tokens.split(" ") if token.startswith("v1,")]
    matches = [hmac.compare_digest(token, want) for token in given for want in expected]
    return Verdict(True) if any(matches) else Verdict(False, "No signature matches.")
