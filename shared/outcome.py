"""What came of an attempt, as a value, and the same in words for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OutcomeKind = Literal[
    "succeeded", "http_status", "timeout", "refused", "reset", "dns", "tls", "blocked", "protocol", "internal"
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The kind of outcome, for programs, and its detail, one sentence for people."""

    kind: OutcomeKind
    detail: str


_TITLES: dict[OutcomeKind, str] = {
    "succeeded": "Delivered",
    "http_status": "The endpoint answered with an error",
    "timeout": "The endpoint did not answer in time",
    "refused": "The connection was refused",
    "reset": "The connection was cut",
    "dns": "The host name could not be resolved",
    "tls": "No secure connection could be made",
    "blocked": "The target is not allowed",
    "protocol": "The answer was not understandable HTTP",
    "internal": "Hookloop could not make the attempt",
}


def title(kind: OutcomeKind, status: int | None = None, body_size: int | None = None) -> str:
    """Return what happened in a few words; `status` and `body_size` (bytes) are those of the answer, if any."""
    if kind == "succeeded" and status is not None:
        return f"Delivered: {status}" + (", with an empty body" if body_size == 0 else "")
    if kind == "http_status" and status is not None:
        return f"Not delivered: the endpoint answered {status}"
    return _TITLES[kind]
