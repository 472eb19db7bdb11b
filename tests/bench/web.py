"""The sender's web process as it is run for real: gunicorn with the product's own configuration."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.bench.product import Product


@contextlib.contextmanager
def serving(sender: Product) -> Iterator[int]:
    """Run the sender's web process while the block lasts; give its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-c", "sender/gunicorn.conf.py"]
    environment = os.environ | sender.environment | {"SENDER_PORT": str(port)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            if process.poll() is not None:
                raise RuntimeError(f"the web process ended with {process.returncode}")
            time.sleep(0.05)
        try:
            yield port
        finally:
            process.terminate()
