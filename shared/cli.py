"""What both services' command lines do alike: check, migrate, and end with one clear line on a bad setting."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable

from shared.settings import SettingsError


def run(command: Callable[[], None]) -> None:
    """Run `command`; on a bad setting print one line and exit with status 2."""
    try:
        command()
    except SettingsError as error:
        sys.exit(f"hookloop: {error}")


def check_port(host: str, port: int, variable: str) -> None:
    """Raise SettingsError when `port` of `host` can't be bound."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(f"{variable}: cannot listen on {host}:{port}: {error.strerror}") from None
