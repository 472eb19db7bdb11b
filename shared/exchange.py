"""One HTTP exchange as plain values: what is sent, what comes back, what that means, and within which limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Limits:
    """Deadlines of an attempt in seconds, and how many bytes of an answer's body are read and kept.

    `connect` bounds the look-up of the name, and again TCP and TLS together; `read` is how long the endpoint may send
    (or take) nothing; `total` is for the whole attempt, whatever it is doing.
    """

    connect: float = 5
    read: float = 15
    total: float = 20
    response_bytes: int = 65_536


@dataclass(frozen=True, slots=True)
class Request:
    """A request: to be sent, or as it went over the wire, then with the connection's own headers (host, length)."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """An answer as it came, its body decoded; `truncated` when the body was longer than the limit."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """One attempt: what was sent, what came back, what that means, and how long it took."""

    request: Request
    response: Response | None
    outcome: Outcome
    started_at: datetime
    duration_ms: float
