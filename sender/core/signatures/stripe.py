"""Stripe's `Stripe-Signature`: a time and one v1 signature per live secret."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from sender.core.signatures.preset import Headers, Preset, Signable
from sender.core.signatures.secret_formats import ANY


def sign(secrets: Sequence[str], timestamp: int, body: bytes) -> str:
    """Return `t=…,v1=…` with one v1 per secret; the key is the secret's whole text, `whsec_` included."""
    signed = f"{timestamp}.".encode() + body
    digests = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={digest}" for digest in digests)])


def _sign(secrets: Sequence[str], what: Signable, _options: Mapping[str, str]) -> Headers:
    return (("Stripe-Signature", sign(secrets, what.timestamp, what.body)),)


STRIPE = Preset(
    scheme="stripe",
    title="Stripe",
    summary="Stripe-Signature with t and v1 over time and body.",
    verify=(
        "Stripe-Signature is t= and v1= values, which commas separate. HMAC-SHA256 over the value of t, a dot and "
        "the raw body; the key is the secret's whole text, whsec_ included. One of the v1 values must be the "
        "lower-case hex of this MAC. Refuse a t that is older than five minutes."
    ),
    secret=ANY,
    sign=_sign,
    sends=("Stripe-Signature",),
    several=True,
    reads_json=True,
)
