"""Shopify's `X-Shopify-Hmac-Sha256`, with its topic and its ids."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

from sender.core.signatures.preset import Headers, Option, Preset, Signable
from sender.core.signatures.secret_formats import TEXT
from sender.core.signatures.vendor_ids import guid
from shared import moments

_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}|unstable")
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_NO_VERSION = "unstable"  # as Shopify calls what follows none of its dated ones; its libraries ask for some version


def sign(secret: str, body: bytes) -> str:
    """Return the base64 HMAC-SHA256 of `body`; the key is the secret's text."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def _check_domain(text: str) -> str | None:
    return None if _DOMAIN.fullmatch(text) else "Write it as a host name in lower case, for example shop.myshopify.com."


def _check_version(text: str) -> str | None:
    return None if _VERSION.fullmatch(text) else f"Write it as Shopify does: 2026-10, or {_NO_VERSION}."


def _sign(secrets: Sequence[str], what: Signable, options: Mapping[str, str]) -> Headers:
    shop = (("X-Shopify-Shop-Domain", options["shop_domain"]),) if "shop_domain" in options else ()
    return (
        ("X-Shopify-Topic", what.event_type),
        *shop,
        ("X-Shopify-API-Version", options.get("api_version", _NO_VERSION)),
        ("X-Shopify-Webhook-Id", guid(what.message_id, what.webhook_id)),
        ("X-Shopify-Event-Id", guid(what.message_id)),
        ("X-Shopify-Triggered-At", moments.rfc3339(what.occurred_at)),
        ("X-Shopify-Hmac-Sha256", sign(secrets[0], what.body)),
    )


SHOPIFY = Preset(
    scheme="shopify",
    title="Shopify",
    summary="X-Shopify-Hmac-Sha256 over the body, X-Shopify-Topic and Shopify's ids.",
    verify=(
        "HMAC-SHA256 over the raw body with the secret's text as the key; X-Shopify-Hmac-Sha256 must be the base64 "
        "of this MAC. X-Shopify-Webhook-Id stays the same when a delivery is tried again."
    ),
    secret=TEXT,
    sign=_sign,
    sends=(
        "X-Shopify-Topic",
        "X-Shopify-Shop-Domain",
        "X-Shopify-API-Version",
        "X-Shopify-Webhook-Id",
        "X-Shopify-Event-Id",
        "X-Shopify-Triggered-At",
        "X-Shopify-Hmac-Sha256",
    ),
    options=(
        Option(
            "shop_domain",
            "Shop domain",
            "Sent as X-Shopify-Shop-Domain when given; Shopify's library for JavaScript asks for it.",
            "",
            _check_domain,
            missed="Shopify's library for JavaScript refuses deliveries without X-Shopify-Shop-Domain: give one.",
        ),
        Option("api_version", "API version", "Sent as X-Shopify-API-Version.", _NO_VERSION, _check_version),
    ),
)
