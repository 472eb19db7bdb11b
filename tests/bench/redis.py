"""A Redis of the system's packages, with its own settings as they come, on a free port."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator

_PACKAGE = "redis-server"


class Unavailable(Exception):
    """There is no Redis here, and it can't be installed."""


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Run a Redis while the block lasts and give its URL; raise Unavailable."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [_program(), "--port", str(port), "--bind", "127.0.0.1"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen([*command, "--dir", folder], stdout=subprocess.DEVNULL) as process,
    ):
        try:
            while process.poll() is None:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                time.sleep(0.05)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


def version() -> str:
    """Return what the server says of its version."""
    return subprocess.run([_program(), "--version"], capture_output=True, text=True).stdout.split("v=")[1].split()[0]


def _program() -> str:
    if found := shutil.which(_PACKAGE):
        return found
    if shutil.which("apt-get") and os.geteuid() == 0:
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", _PACKAGE]):
            subprocess.run(["apt-get", "-qq", *arguments], capture_output=True)
    if found := shutil.which(_PACKAGE):
        return found
    raise Unavailable(f"{_PACKAGE} is not installed")
