"""What came of one HTTP exchange: a kind for machines and a sentence for people."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

OutcomeKind = Literal[
    "succeeded", "http_status", "timeout", "refused", "reset", "dns", "tls", "blocked", "protocol", "internal"
]

TITLES: dict[OutcomeKind, str] = {
    "succeeded": "Delivered",
    "http_status": "Not accepted",
    "timeout": "Timed out",
    "refused": "Connection refused",
    "reset": "Connection lost",
    "dns": "Name not found",
    "tls": "TLS error",
    "blocked": "Target refused",
    "protocol": "Unreadable answer",
    "internal": "Internal error",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`kind` is part of the API; `detail` is one or more plain sentences, different for different causes."""

    kind: OutcomeKind
    detail: str


def of_status(status: int, location: str | None = None) -> Outcome:
    """Return the outcome of a complete answer: only 2xx succeeds, a redirect is named but not followed."""
    words = f"The endpoint answered {name_status(status)}"
    if 200 <= status < 300:
        return Outcome("succeeded", f"{words}.")
    if 300 <= status < 400 and location:
        return Outcome("http_status", f"{words} and points to {location[:200]}; redirects are not followed.")
    return Outcome("http_status", f"{words}.")


def describe(outcome: Outcome, *, status: int | None = None, body_size: int = 0) -> str:
    """Return for people what came of an exchange: its title, what happened, and what was in the answer.

    `status` and `body_size` (in bytes) are those of the answer, if one came.
    """
    text = f"{TITLES[outcome.kind]}: {outcome.detail}"
    if status is None or outcome.kind not in ("succeeded", "http_status"):
        return text
    return f"{text} Its body is {f'{body_size:,} bytes long' if body_size else 'empty'}."


def name_status(status: int) -> str:
    """Return a status with its name (RFC 9110, section 15), for example `503 Service Unavailable`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
