"""Doors for tests: to endpoints on this machine, and with deadlines that only the tests of deadlines come near."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from shared.exchange import Exchange, Limits, Request
from shared.http import Door
from shared.netguard import AllowedTargets
from tests.shared.endpoints import Behaviour, listening

LOCAL = AllowedTargets.parse("127.0.0.1,::1")
PATIENT = Limits(connect=30, read=30, total=30)


def post(url: str, body: bytes = b"{}", headers: tuple[tuple[str, str], ...] = ()) -> Request:
    return Request("POST", url, headers, body)


def attempt(
    behave: Behaviour,
    *,
    limits: Limits = PATIENT,
    body: bytes = b"{}",
    tls: ssl.SSLContext | None = None,
    ca_file: str | None = None,
) -> Exchange:
    """Make one attempt at an endpoint that behaves like that, through a door of its own."""
    door = Door(LOCAL, limits, ca_file=ca_file)
    try:
        with listening(behave, tls) as endpoint:
            return door.send(post(endpoint.url(), body))
    finally:
        door.close()


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Have names below `.test` resolve to the first answer, next time to the next; return the list of names asked."""
    asked: list[str] = []
    real: Callable[..., Any] = socket.getaddrinfo

    def getaddrinfo(host: str, *args: Any, **options: Any) -> Any:
        if not host.endswith(".test"):
            return real(host, *args, **options)
        asked.append(host)
        return [(0, 0, 0, "", (address, 0)) for address in answers[min(len(asked), len(answers)) - 1]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked
