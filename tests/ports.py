"""Ports for processes that listen some seconds after their port was chosen."""

from __future__ import annotations

import contextlib
import secrets
import socket

# Below all that systems hand out (Linux from 32768 on, macOS from 49152): those may go to another test meanwhile.
_ports = secrets.SystemRandom().sample(range(20_000, 32_000), 1_000)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on, each time another."""
    while True:
        port = _ports.pop()
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
