"""The formats that are checked: those of jsonschema that need nothing more, and two of our own."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

from jsonschema import FormatChecker

from sender.core.schemas import patterns

CHECKER = FormatChecker(["date", "email", "idn-email", "ipv4", "ipv6", "uuid"])

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)
_URI = re.compile(r"[a-z][a-z0-9+.-]*:([\w.~:/?#\[\]@!$&'()*+,;=-]|%[0-9a-f]{2})+", re.ASCII | re.IGNORECASE)


def is_date_time(value: object) -> bool:
    """Return whether a string is a date-time of RFC 3339 (true for what is no string, as JSON Schema has it)."""
    if not isinstance(value, str):
        return True
    if not _DATE_TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value.upper().replace(":60", ":59"))  # RFC 3339 knows leap seconds, datetime does not
    except ValueError:
        return False
    return True


def is_uri(value: object) -> bool:
    """Return whether a string is a URI of RFC 3986, with a host where the scheme is that of the web."""
    if not isinstance(value, str):
        return True
    if not _URI.fullmatch(value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.hostname) or parts.scheme not in ("http", "https")


def is_regex(value: object) -> bool:
    """Return whether a string is a regular expression that we can run."""
    return not isinstance(value, str) or patterns.is_usable(value)


CHECKER.checks("date-time")(is_date_time)
CHECKER.checks("uri")(is_uri)
CHECKER.checks("regex")(is_regex)
