"""How deliveries are signed: the presets by the name of their scheme, pure functions and the words about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sender.core.signatures import masking
from sender.core.signatures.ed25519 import STANDARD_ED25519
from sender.core.signatures.github import GITHUB
from sender.core.signatures.plain import BASIC, BEARER, NONE, TOKEN_IN_HEADER
from sender.core.signatures.preset import Headers, Option, Preset, Signable
from sender.core.signatures.secret_formats import RANDOM_BYTES
from sender.core.signatures.shopify import SHOPIFY
from sender.core.signatures.slack import SLACK
from sender.core.signatures.standard import STANDARD, SVIX
from sender.core.signatures.stripe import STRIPE
from shared.exchange import Exchange

PRESETS: Mapping[str, Preset] = {
    preset.scheme: preset
    for preset in (
        STANDARD,
        STANDARD_ED25519,
        GITHUB,
        STRIPE,
        SHOPIFY,
        SLACK,
        SVIX,
        TOKEN_IN_HEADER,
        BASIC,
        BEARER,
        NONE,
    )
}
SCHEMES = tuple(PRESETS)

__all__ = ["PRESETS", "RANDOM_BYTES", "SCHEMES", "Headers", "Option", "Preset", "Signable", "mask"]


def mask(exchange: Exchange, signature: Mapping[str, Any], secrets: Sequence[str]) -> Exchange:
    """Return an exchange as it may be kept: without a secret that was sent in clear, or that the answer repeats."""
    return masking.mask(exchange, PRESETS[signature["scheme"]], signature, secrets)
