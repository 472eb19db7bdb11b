"""Which of a request's headers carry a credential by their name, and how an answer may repeat it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from sender.core.signatures.secret_formats import MIN_TEXT
from shared.headers import REDACTED

Pairs = Sequence[tuple[str, str]]

_NAME = re.compile(
    r".*(?:authorization|cookie|credential|jwt|key|passphrase|passw|pwd|secret|session|token).*"
    r"|(?:.*[^a-z])?auth(?:[^a-z].*)?",
    re.IGNORECASE | re.DOTALL,
)
_COOKIE = re.compile(r"[^=;]*=([^;]*)")


@lru_cache(4096)  # of the few names that requests have
def is_credential(name: str) -> bool:
    """Return whether a header of this name carries a credential: one of the words for such a thing is in it."""
    return _NAME.fullmatch(name) is not None


def of(fields: Pairs) -> Pairs:
    """Return the fields that carry a credential."""
    return tuple([field for field in fields if is_credential(field[0])])


def hide(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields, without the values of those that carry a credential."""
    return {name: REDACTED if is_credential(name) else value for name, value in fields.items()}


def clear(fields: Pairs) -> tuple[str, ...]:
    """Return the forms in which endpoints get to see the credentials, but those so short that any text holds them.

    These are the whole value and, of `Authorization` and the like, what follows the scheme, decoded under Basic, and
    its password; of cookies each value.
    """
    found: list[str] = []
    for name, value in fields:
        found.append(value)
        if name.lower() == "cookie":
            found += [one.strip(' "') for one in _COOKIE.findall(value)]
        elif " " in value:
            scheme, _, given = value.partition(" ")
            found += [given, *(_user_and_password(given) if scheme.lower() == "basic" else ())]
    return tuple(dict.fromkeys([form for form in found if len(form) >= MIN_TEXT]))


def _user_and_password(encoded: str) -> tuple[str, ...]:
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return ()
    return text, text.partition(":")[2]
