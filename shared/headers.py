"""HTTP header fields as pairs in wire order: which may be set, how to find one, what may be logged (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Iterable

Pairs = Iterable[tuple[str, str]]

MAX_NAME = 128
MAX_VALUE = 4096

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""How a method or the name of a field is spelt (RFC 9110, section 5.6.2)."""

_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_BLANKS = " \t"

# Framing and hop-by-hop fields (RFC 9110, section 7.6.1): whoever opens the connection writes them.
CONNECTION_FIELDS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

# What a delivery says about itself; a webhook's own headers must not contradict it.
RESERVED = CONNECTION_FIELDS | {"accept-encoding", "content-encoding", "content-type", "user-agent"}
RESERVED_PREFIXES = ("webhook-",)

REDACTED = "[redacted]"


def check_name(name: str) -> str | None:
    """Return in words why `name` can't be a field name (RFC 9110, section 5.1), or None."""
    if not name:
        return "A header needs a name."
    if len(name) > MAX_NAME:
        return f"A header's name has at most {MAX_NAME} characters."
    if not TOKEN.fullmatch(name):
        return f"{name!r} can't be a header's name: use letters, digits and -."
    return None


def check_value(name: str, value: str) -> str | None:
    """Return in words why `value` can't be the value of field `name` (RFC 9110, section 5.5), or None."""
    if not _VALUE.fullmatch(value):
        return f"The value of {name} holds a line break, a control character or one outside ISO 8859-1."
    if value != value.strip(_BLANKS):
        return f"The value of {name} starts or ends with a blank."
    return None


def check_custom(name: str, value: str) -> str | None:
    """Return in words why a webhook can't have this header of its own, or None."""
    if message := check_name(name):
        return message
    lower = name.lower()
    if lower in RESERVED or lower.startswith(RESERVED_PREFIXES):
        return f"{name} is set by the delivery itself."
    if len(value) > MAX_VALUE:
        return f"The value of {name} is longer than {MAX_VALUE:,} characters."
    return check_value(name, value)


def get(pairs: Pairs, name: str) -> str | None:
    """Return the value of the first field called `name`, in any case; None when there is none."""
    return next(iter(get_all(pairs, name)), None)


def get_all(pairs: Pairs, name: str) -> list[str]:
    """Return the values of all fields called `name`, in any case and in their order."""
    wanted = name.lower()
    return [value for key, value in pairs if key.lower() == wanted]
