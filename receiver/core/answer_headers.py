"""Which headers a response rule may set: any, but those that would break the answer or reach beyond the bin."""

from __future__ import annotations

from collections.abc import Mapping

from shared.errors import FieldError
from shared.headers import CONNECTION_FIELDS, MAX_VALUE, check_name, check_value

MOST_HEADERS = 20

_SET_BY_SERVER = CONNECTION_FIELDS | {"date", "server"}
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
    if message := check_name(name):
        return message
    if name.lower() in _SET_BY_SERVER:
        return f"{name} is set by the server."
    if name.lower() in _REACHING:
        return f"{name} would reach beyond the bin, so that a rule cannot set it."
    if not isinstance(value, str):
        return "A header's value is text."
    if len(value) > MAX_VALUE:
        return f"A header's value has at most {MAX_VALUE:,} characters."
    return check_value(name, value.strip(" \t"))
