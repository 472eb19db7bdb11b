"""A known secret for each signature scheme, one to come after it, and all the forms in which one could slip out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sender.core.signatures import SCHEMES
from tests.sender.conftest import Api


def secret_of(scheme: str, which: str) -> str:
    """The same secret whenever it is asked for; `which` tells those of a scheme apart."""
    raw = hashlib.sha256(f"{scheme} {which}".encode()).digest()
    if scheme in ("standard", "svix", "stripe", "none"):
        return "whsec_" + _encoded(raw)
    if scheme == "standard-ed25519":
        public = Ed25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw()
        return f"{secret_of('standard', f'beside {which}')} whsk_{_encoded(raw + public)}"
    return f"user-{scheme}:password/{raw.hex()}" if scheme == "basic" else f"{scheme}+secret/{raw.hex()}"


def traces(secret: str) -> Iterator[bytes]:
    """Yield what would give a secret away: its words, what they are the base64 of, and what they are in base64."""
    for word in secret.split(" "):
        texts = [word, word.partition("_")[2] if word.startswith("whs") else word.partition(":")[2] or word]
        for text in texts:
            yield from (text.encode(), quote(text, safe="").encode(), _encoded(text.encode()).encode())
        if word.startswith("whs"):
            raw = base64.b64decode(texts[1])
            for key in {raw, raw[:32]}:  # of a private key also the seed alone
                yield from (key, key.hex().encode(), repr(key)[2:-1].encode(), _encoded(key)[:40].encode())


def register_all(api: Api, url: str) -> dict[str, str]:
    """Register a webhook of each scheme, rotated from its first known secret to its second; return the ids."""
    hooks = {}
    for scheme in SCHEMES:
        hook = api.webhook(url, name=scheme, signature={"scheme": scheme}, secret=secret_of(scheme, "old"))
        path = f"/api/v1/webhooks/{hook['id']}/secret/rotate"
        status, rotated = api("POST", path, {"secret": secret_of(scheme, "present")})
        assert status == 200, rotated
        hooks[scheme] = hook["id"]
    return hooks


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
