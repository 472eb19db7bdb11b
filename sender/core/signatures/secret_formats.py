"""What the secrets of the presets must look like, and how a new one is made from random bytes."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass

from shared import signing

RANDOM_BYTES = 64  # what `make` and `complete` need
MIN_TEXT = 8
MAX_TEXT = 512

_PRINTABLE = re.compile(r"[\x20-\x7e]*")


def _unchanged(secret: str, _random: bytes) -> str:
    return secret


@dataclass(frozen=True, slots=True)
class SecretFormat:
    """`check` returns in words why a text is no such secret, or None; `make` a new one from 64 random bytes.

    `complete` returns the secret to keep for one that was given; `shared` the part of it that the receiver has too.
    """

    words: str
    check: Callable[[str], str | None]
    make: Callable[[bytes], str]
    complete: Callable[[str, bytes], str] = _unchanged
    shared: Callable[[str], str] = str


def check_text(text: str) -> str | None:
    """Return in words why `text` is not a secret of 8 to 512 printable ASCII characters, or None."""
    if not MIN_TEXT <= len(text) <= MAX_TEXT:
        return f"This secret has {MIN_TEXT} to {MAX_TEXT} characters; {len(text)} were given."
    if not _PRINTABLE.fullmatch(text):
        return "This secret holds letters, digits and signs of ASCII only."
    if text != text.strip():
        return "This secret must not start or end with a blank."
    return None


def check_token(text: str) -> str | None:
    """Return in words why `text` is no token that one word of a header can carry, or None."""
    return check_text(text) or ("This secret must not hold a blank." if " " in text else None)


def check_user_and_password(text: str) -> str | None:
    """Return in words why `text` is not `user:password` for HTTP Basic (RFC 7617), or None."""
    user, colon, password = text.partition(":")
    if not (user and colon and password):
        return "Write it as user:password; the user name has no colon."
    return check_text(text)


def url_safe(random: bytes) -> str:
    """Return 32 of the random bytes as 43 characters that need no escape anywhere."""
    return base64.urlsafe_b64encode(random[:32]).decode().rstrip("=")


WHSEC = SecretFormat(
    "whsec_ and the base64 of 24 to 64 bytes",
    signing.check_secret,
    lambda random: signing.SECRET_PREFIX + base64.b64encode(random[:32]).decode(),
)
TEXT = SecretFormat("8 to 512 printable ASCII characters", check_text, url_safe)
TOKEN = SecretFormat("8 to 512 printable ASCII characters without blanks", check_token, url_safe)
USER_AND_PASSWORD = SecretFormat(
    "user:password, 8 to 512 printable ASCII characters",
    check_user_and_password,
    lambda random: f"hookloop:{url_safe(random)}",
)
ANY = SecretFormat(TEXT.words, check_text, WHSEC.make)
