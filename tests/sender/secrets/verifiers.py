"""The vendors' own packages as receivers use them: each takes the secret, headers by lower-case name and the body."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

import standardwebhooks
import stripe
import svix.webhooks
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from gidgethub import sansio
from shopify_app import ShopifyApp
from slack_sdk.signature import SignatureVerifier

Headers = Mapping[str, str]


def verify_v1a(public_key: str, headers: Headers, body: bytes) -> None:
    """No package verifies v1a; this is what a receiver writes: any v1a token that verifies will do."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    for token in headers["webhook-signature"].split(" "):
        version, _, signature = token.partition(",")
        if version == "v1a":
            try:
                return key.verify(base64.b64decode(signature), signed)
            except InvalidSignature:
                continue
    raise InvalidSignature


def _standard(secret: str, headers: Headers, body: bytes) -> None:
    standardwebhooks.Webhook(secret).verify(body, dict(headers))


def _svix(secret: str, headers: Headers, body: bytes) -> None:
    svix.webhooks.Webhook(secret).verify(
        body, {name: value for name, value in headers.items() if name.startswith("svix-")}
    )


def _stripe(secret: str, headers: Headers, body: bytes) -> None:
    stripe.Webhook.construct_event(body, headers["stripe-signature"], secret)


def _github(secret: str, headers: Headers, body: bytes) -> None:
    event = sansio.Event.from_http({"content-type": "application/json", **headers}, body, secret=secret)
    if not (event.event and event.delivery_id):
        raise ValueError("nameless")


def _shopify(secret: str, headers: Headers, body: bytes) -> None:
    request = {"method": "POST", "url": "https://x.example/", "headers": dict(headers), "body": body.decode()}
    result = ShopifyApp("any", secret).verify_webhook_req(request)
    if not result.ok:
        raise ValueError(result.log.code)


def _slack(secret: str, headers: Headers, body: bytes) -> None:
    if not SignatureVerifier(secret).is_valid_request(body, headers):
        raise ValueError("refused")


VERIFIERS: Mapping[str, Callable[[str, Headers, bytes], None]] = {
    "standard": _standard,
    "standard-ed25519": _standard,
    "github": _github,
    "stripe": _stripe,
    "shopify": _shopify,
    "slack": _slack,
    "svix": _svix,
}
REFUSALS = (
    standardwebhooks.WebhookVerificationError,
    stripe.SignatureVerificationError,
    sansio.ValidationFailure,
    ValueError,
)
