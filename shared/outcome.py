"""What came of one HTTP exchange: a kind for machines, and words for people."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

OutcomeKind = Literal[
    "succeeded", "http_status", "timeout", "refused", "reset", "dns", "tls", "blocked", "protocol", "internal"
]

TITLES: dict[OutcomeKind, str] = {
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


def title(kind: OutcomeKind, status: int | None = None, body_size: int | None = None) -> str:
    """Return what happened in a few words; `status` and `body_size` (bytes) are those of the answer, if any."""
    if kind == "succeeded" and status is not None:
        return f"{TITLES[kind]}: {status}" + (", with an empty body" if body_size == 0 else "")
    if kind == "http_status" and status is not None:
        return f"Not delivered: the endpoint answered {status}"
    return TITLES[kind]


def was_sent(kind: OutcomeKind) -> bool:
    """Return whether the request went out, as far as that can be known; without a connection it cannot have."""
    return kind not in ("refused", "dns", "tls", "blocked", "internal")


def describe(outcome: Outcome, *, status: int | None = None, body_size: int = 0) -> str:
    """Return what came of an exchange in sentences: what happened, and how much there was in the answer.

    `status` and `body_size` (in bytes) are those of the answer, if one came.
    """
    if outcome.kind not in ("succeeded", "http_status") or status is None:
        return f"{TITLES[outcome.kind]}. {outcome.detail}"
    verdict = "Delivered." if outcome.kind == "succeeded" else "Not delivered."
    body = f"{body_size:,} bytes long" if body_size else "empty"
    return f"{verdict} {outcome.detail} Its body is {body}."


def name_status(status: int) -> str:
    """Return a status with its name (RFC 9110, section 15), for example `503 Service Unavailable`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
