"""Starts real gunicorns for tests, on a free port, and ends them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from receiver.core.capture import Header, parse_header_block

_ROOT = Path(__file__).parents[2]


@dataclass
class Server:
    """A gunicorn that runs; `log` is the file with all it said."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def send(self, request: bytes) -> Answer:
        """Return the answer to a raw request that closes its connection."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_answer(connection)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the server and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(30)


@dataclass(frozen=True)
class Answer:
    """An answer as it came off the socket."""

    status: int
    headers: tuple[Header, ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)


@contextmanager
def running(data: Path, *arguments: str, **environment: str) -> Iterator[Server]:
    """Serve with the receiver's own gunicorn.conf.py; `environment` are further variables."""
    command = [sys.executable, "-m", "gunicorn", "-c", "receiver/gunicorn.conf.py"]
    log = data / "gunicorn.log"
    # The listening socket is handed down: nobody can take the port in between, and connecting needs no waiting.
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener, log.open("wb") as output:
        port = listener.getsockname()[1]
        given = {"HOOKLOOP_DATA": str(data), "RECEIVER_PORT": str(port), **environment}
        process = subprocess.Popen(
            [*command, "-b", f"fd://{listener.fileno()}", *arguments],
            cwd=_ROOT,
            pass_fds=[listener.fileno()],
            stdout=output,
            stderr=output,
            env={"PATH": os.environ["PATH"], "HOME": str(data), **given},
        )
    server = Server(process, port, log)
    try:
        yield server
    finally:
        server.stop()


def read_answer(connection: socket.socket) -> Answer:
    """Return what the server says until it closes the connection."""
    data = b""
    while more := connection.recv(65536):
        data += more
    return parse_answer(data)


def parse_answer(data: bytes) -> Answer:
    """Return the answer in these bytes, skipping interim ones (100 Continue)."""
    head, _, body = data.partition(b"\r\n\r\n")
    line, _, block = head.partition(b"\r\n")
    status = int(line.split()[1])
    if status < 200:
        return parse_answer(body)
    return Answer(status, parse_header_block(block), body)
