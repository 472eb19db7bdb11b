"""Header names and values: what may be sent (RFC 9110), and what is not a person's to set."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
MAX_NAME = 100
MAX_VALUE = 4096

# Set by Hookloop or by the HTTP connection itself.
RESERVED = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
RESERVED_PREFIX = "webhook-"


def check_custom(name: str, value: str) -> str | None:
    """Return in words why a header can't be added to deliveries, None when it can."""
    if not _TOKEN.fullmatch(name) or len(name) > MAX_NAME:
        return f"{name[:40]!r} is not a header name: use letters, digits and '-', at most {MAX_NAME}."
    if name.lower() in RESERVED or name.lower().startswith(RESERVED_PREFIX):
        return f"{name} is set by Hookloop itself."
    if not _VALUE.fullmatch(value) or value != value.strip():
        return f"The value of {name} holds characters that a header can't carry, or blanks at its ends."
    if len(value) > MAX_VALUE:
        return f"The value of {name} is longer than {MAX_VALUE} characters."
    return None


def get(pairs: Iterable[tuple[str, str]], name: str) -> str | None:
    """Return the first value of header `name`, in any case, or None."""
    return next((value for key, value in pairs if key.lower() == name.lower()), None)
