"""Standard Webhooks v1a (ed25519, RFC 8032) beside v1: receivers verify with a public key and can't forge.

The secret is kept as two words, `whsec_…` for v1 and `whsk_…` (seed and public key) for v1a. Neither is made from the
other, and the second never leaves: receivers get the first or `whpk_…`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sender.core.signatures import standard
from sender.core.signatures.preset import Headers, Preset, Signable
from sender.core.signatures.secret_formats import WHSEC, SecretFormat
from shared import signing

PRIVATE_PREFIX = "whsk_"
PUBLIC_PREFIX = "whpk_"

_SEED = 32
_WORDS = "whsec_… for v1, whsk_… (seed and public key, 64 bytes in base64) for v1a, or both with a space between"


def public_key(secret: str) -> str:
    """Return what receivers of v1a verify with: `whpk_` and the base64 of the 32 bytes of the public key."""
    seed_and_public = _bytes(_private(secret))
    return PUBLIC_PREFIX + base64.b64encode(seed_and_public[_SEED:]).decode()


def check(text: str) -> str | None:
    """Return in words why `text` is not a shared secret, a private key or both, or None."""
    words = text.split(" ")
    private = [word for word in words if word.startswith(PRIVATE_PREFIX)]
    shared = [word for word in words if not word.startswith(PRIVATE_PREFIX)]
    if len(private) > 1 or len(shared) > 1:
        return f"Give {_WORDS}."
    for word in shared:
        if message := signing.check_secret(word):
            return message
    return _check_private(private[0]) if private else None


def sign_v1a(private: str, what: Signable) -> str:
    """Return the token `v1a,<base64>` over the same bytes as v1; `private` is `whsk_…`."""
    signed = f"{what.message_id}.{what.timestamp}.".encode() + what.body
    return "v1a," + base64.b64encode(_key(private).sign(signed)).decode()


def _check_private(word: str) -> str | None:
    try:
        raw = _bytes(word)
    except ValueError:
        return f"After {PRIVATE_PREFIX} comes base64 (RFC 4648, section 4), padded with = to a multiple of four."
    if len(raw) not in (_SEED, 2 * _SEED):
        return f"After {PRIVATE_PREFIX} come 64 bytes, the seed and the public key; these are {len(raw)}."
    if len(raw) == 2 * _SEED and word != _private_of(raw[:_SEED]):
        return f"The two halves after {PRIVATE_PREFIX} do not belong together: they are the seed and its public key."
    return None


def _complete(secret: str, random: bytes) -> str:
    """Add the half that is missing, and the public key to a bare seed."""
    words = secret.split(" ")
    shared = next((word for word in words if word.startswith(signing.SECRET_PREFIX)), WHSEC.make(random))
    private = next((word for word in words if word.startswith(PRIVATE_PREFIX)), None)
    return f"{shared} {_private_of(_bytes(private)[:_SEED] if private else random[_SEED:])}"


def _shared(secret: str) -> str:
    return secret.partition(" ")[0]


def _private(secret: str) -> str:
    return secret.partition(" ")[2]


def _private_of(seed: bytes) -> str:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return PRIVATE_PREFIX + base64.b64encode(seed + public).decode()


@lru_cache(maxsize=1024)
def _key(private: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_bytes(private)[:_SEED])


def _bytes(private: str) -> bytes:
    try:
        return base64.b64decode(private.removeprefix(PRIVATE_PREFIX).encode("ascii"), validate=True)
    except (UnicodeError, binascii.Error):
        raise ValueError("not base64") from None


def _sign(secrets: Sequence[str], what: Signable, _options: Mapping[str, str]) -> Headers:
    """The v1 tokens stand last: some verifiers read only what follows the last comma."""
    asymmetric = [sign_v1a(_private(secret), what) for secret in secrets]
    symmetric = standard.signatures([_shared(secret) for secret in secrets], what)
    return ((signing.SIGNATURE_HEADER, " ".join([*asymmetric, symmetric])),)


STANDARD_ED25519 = Preset(
    scheme="standard-ed25519",
    title="Standard Webhooks, ed25519",
    summary="Also signed with a private key, so that those who verify with the public one can't forge.",
    verify=(
        "Ed25519 over webhook-id, webhook-timestamp and the raw body, joined by dots, with the public key that the "
        "base64 after whpk_ decodes to. One of the tokens in webhook-signature, which spaces separate, must be "
        "'v1a,' followed by the base64 of such a signature. Refuse timestamps older or newer than five minutes. Or "
        "verify a 'v1,' token with the secret, as for Standard Webhooks."
    ),
    secret=SecretFormat(
        _WORDS,
        check,
        make=lambda random: _complete("", random),
        complete=_complete,
        shared=_shared,
    ),
    sign=_sign,
    sends=(signing.SIGNATURE_HEADER,),
    several=True,
    reads_json=True,
    public_key=public_key,
)
