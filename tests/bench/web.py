"""The sender's web process as it is run for real: gunicorn with the product's own configuration."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from tests.bench.product import Product
from tests.ports import free_port


def start(sender: Product, port: int, **options: Any) -> subprocess.Popen:
    """Start the sender's web process and return it once it takes connections; `options` are Popen's."""
    command = [sys.executable, "-m", "gunicorn", "-c", "sender/gunicorn.conf.py"]
    environment = os.environ | sender.environment | {"SENDER_PORT": str(port)}
    process = subprocess.Popen(command, env=environment, **{"stderr": subprocess.DEVNULL, **options})
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process
        if process.poll() is not None:
            raise RuntimeError(f"the web process ended with {process.returncode}")
        time.sleep(0.05)


@contextlib.contextmanager
def serving(sender: Product) -> Iterator[int]:
    """Run the sender's web process while the block lasts; give its port."""
    port = free_port()
    with start(sender, port) as process:
        try:
            yield port
        finally:
            process.terminate()
