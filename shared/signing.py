"""Standard Webhooks 1.0: secrets, signatures (v1, HMAC-SHA256) and their verification."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from shared import headers as fields

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"

TOLERANCE_SECONDS = 300
SECRET_PREFIX = "whsec_"  # noqa: S105  # a prefix, no secret
MIN_KEY_BYTES = 24
MAX_KEY_BYTES = 64
_VERSION = "v1"
_SECONDS = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a signature holds, and in words why or why not."""

    valid: bool
    reason: str


def check_secret(text: str) -> str | None:
    """Return in words why `text` is no signing secret, or None."""
    if not text.startswith(SECRET_PREFIX):
        return f"A signing secret starts with {SECRET_PREFIX}."
    try:
        size = len(_key(text))
    except ValueError:
        return f"After {SECRET_PREFIX} comes base64 (RFC 4648, section 4), padded with = to a multiple of four."
    if not MIN_KEY_BYTES <= size <= MAX_KEY_BYTES:
        return f"A signing secret holds {MIN_KEY_BYTES} to {MAX_KEY_BYTES} bytes; this one holds {size}."
    return None


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature `v1,<base64>` of `body` as sent; `timestamp` is in Unix seconds.

    Raise ValueError for a bad secret, or for an id with a dot, which the signed text could not tell from its end.
    """
    if message := check_secret(secret):
        raise ValueError(message)
    if "." in message_id:
        raise ValueError("the id of a signed message has no dot")
    return f"{_VERSION},{_digest(secret, message_id, str(timestamp), body)}"


def verify(
    secrets: Sequence[str],
    headers: Sequence[tuple[str, str]],
    body: bytes,
    now: datetime,
    tolerance: int = TOLERANCE_SECONDS,
) -> Verdict:
    """Return whether one of `secrets` signed `body` with these header fields within `tolerance` seconds of `now`.

    Every v1 signature is compared with every secret in constant time; signatures of other versions are passed over.
    """
    for message in map(check_secret, secrets):
        if message:
            return Verdict(False, message)
    values = {}
    for name in (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER):
        found = fields.get_all(headers, name)
        if len(found) != 1 or not found[0]:
            return Verdict(False, f"The header {name} is {'there more than once' if len(found) > 1 else 'missing'}.")
        values[name] = found[0]
    timestamp = values[TIMESTAMP_HEADER]
    if fault := _check_time(timestamp, now, tolerance):
        return Verdict(False, fault)
    return _compare(secrets, values[ID_HEADER], timestamp, values[SIGNATURE_HEADER], body)


def _compare(secrets: Sequence[str], message_id: str, timestamp: str, signatures: str, body: bytes) -> Verdict:
    versions = [token.partition(",") for token in signatures.split(" ")]
    given = [digest.encode("utf-8", "surrogatepass") for version, _, digest in versions if version == _VERSION]
    if not given:
        return Verdict(False, f"The header {SIGNATURE_HEADER} holds no signature of version {_VERSION}.")
    expected = [_digest(secret, message_id, timestamp, body).encode() for secret in secrets]
    matches = [hmac.compare_digest(one, other) for one in given for other in expected]
    if any(matches):
        return Verdict(True, "The signature is valid.")
    return Verdict(False, "No signature matches: the secret is another, or the id, the time or the body was changed.")


def _check_time(timestamp: str, now: datetime, tolerance: int) -> str | None:
    if not _SECONDS.fullmatch(timestamp):
        return f"The header {TIMESTAMP_HEADER} is not a time in whole Unix seconds."
    age = now.timestamp() - int(timestamp)
    if age > tolerance:
        return f"The message is too old: it was signed {age:.0f} seconds ago, {tolerance} are allowed."
    if age < -tolerance:
        return f"The message is from the future: it was signed {-age:.0f} seconds ahead, {tolerance} are allowed."
    return None


def _digest(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode("utf-8", "surrogatepass") + body
    return base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


@lru_cache(maxsize=4096)
def _key(secret: str) -> bytes:
    """Return the bytes of a secret; raise ValueError unless they are written in padded base64."""
    text = secret.removeprefix(SECRET_PREFIX)
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeError, binascii.Error):
        raise ValueError("not base64") from None
