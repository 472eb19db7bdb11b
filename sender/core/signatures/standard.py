"""Standard Webhooks v1 (HMAC-SHA256), and the same signature under Svix's header names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sender.core.signatures.preset import Headers, Preset, Signable
from sender.core.signatures.secret_formats import WHSEC
from shared import signing


def signatures(secrets: Sequence[str], what: Signable) -> str:
    """Return the `v1,<base64>` tokens of all secrets with exactly one space between."""
    return " ".join([signing.sign(secret, what.message_id, what.timestamp, what.body) for secret in secrets])


def how(prefix: str) -> str:
    """Return in words how a receiver verifies v1, for headers that begin with `prefix`."""
    return (
        f"HMAC-SHA256 over {prefix}-id, {prefix}-timestamp and the raw body, joined by dots; the key is what the "
        f"base64 after whsec_ decodes to. One of the tokens in {prefix}-signature, which spaces separate, must be "
        "'v1,' followed by the base64 of this MAC. Refuse timestamps older or newer than five minutes."
    )


def _sign(secrets: Sequence[str], what: Signable, _options: Mapping[str, str]) -> Headers:
    return ((signing.SIGNATURE_HEADER, signatures(secrets, what)),)


def _sign_svix(secrets: Sequence[str], what: Signable, _options: Mapping[str, str]) -> Headers:
    tokens = signatures(secrets, what)
    return (
        (signing.SIGNATURE_HEADER, tokens),
        ("svix-id", what.message_id),
        ("svix-timestamp", str(what.timestamp)),
        ("svix-signature", tokens),
    )


STANDARD = Preset(
    scheme="standard",
    title="Standard Webhooks",
    summary="HMAC-SHA256 over id, time and body; libraries in most languages verify it.",
    verify=how("webhook"),
    secret=WHSEC,
    sign=_sign,
    sends=(signing.SIGNATURE_HEADER,),
    several=True,
    reads_json=True,
)

SVIX = Preset(
    scheme="svix",
    title="Svix",
    summary="Standard Webhooks under the names svix-id, svix-timestamp and svix-signature as well.",
    verify=f"{how('svix')} The webhook-… headers say the same.",
    secret=WHSEC,
    sign=_sign_svix,
    sends=(signing.SIGNATURE_HEADER, "svix-id", "svix-timestamp", "svix-signature"),
    several=True,
    reads_json=True,  # Svix's package for JavaScript does, its package for Python does not
)
