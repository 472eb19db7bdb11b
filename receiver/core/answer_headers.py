"""Which headers a response rule may set: any, but those that would break the answer or reach beyond the bin."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shared.errors import FieldError

MOST_HEADERS = 20
LONGEST_VALUE = 4096
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # RFC 9110 §5.6.2
_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")  # RFC 9110 §5.5, without the C1 controls

_FRAMING = frozenset(
    [
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
# A bin may share its origin with the pages: these act on the whole origin, or weaken what protects it.
_REACHING = frozenset(
    [
        "access-control-allow-credentials",
        "alt-svc",
        "clear-site-data",
        "content-security-policy",
        "content-security-policy-report-only",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "nel",
        "origin-agent-cluster",
        "public-key-pins",
        "refresh",
        "report-to",
        "reporting-endpoints",
        "service-worker-allowed",
        "set-cookie",
        "set-cookie2",
        "sourcemap",
        "strict-transport-security",
        "x-content-type-options",
        "x-frame-options",
    ]
)


def read_headers(document: object, field: str, faults: list[FieldError]) -> tuple[tuple[str, str], ...]:
    """Return the headers of a rule's `{name: value}`; add what is wrong to `faults`, named `field.<name>`."""
    if not isinstance(document, Mapping):
        faults.append(FieldError(field, "Give an object of names and values."))
        return ()
    if len(document) > MOST_HEADERS:
        faults.append(FieldError(field, f"Give at most {MOST_HEADERS} headers."))
        return ()
    headers = []
    for name, value in document.items():
        if fault := _fault(str(name), value):
            faults.append(FieldError(f"{field}.{name}", fault))
        else:
            headers.append((str(name), value.strip(" \t")))
    return tuple(headers)


def _fault(name: str, value: object) -> str | None:
    if not _TOKEN.fullmatch(name):
        return "A header name has 1 to 100 letters, digits and !#$%&'*+-.^_`|~."
    if name.lower() in _FRAMING:
        return f"{name} is set by the server."
    if name.lower() in _REACHING:
        return f"{name} would reach beyond the bin, so that a rule cannot set it."
    if not isinstance(value, str):
        return "A header value is text."
    if len(value) > LONGEST_VALUE:
        return f"A header value has at most {LONGEST_VALUE} characters."
    if not _VALUE.fullmatch(value):
        return "A header value holds no line breaks, no controls and nothing beyond Latin-1."
    return None
