"""An endpoint in a process of its own that answers at once, or after a delay, and remembers when each event arrived.

`GET /report` tells `{count, arrivals: {webhook-id: CLOCK_MONOTONIC seconds}}`, `GET /count` the count alone;
`POST /hang…` never answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'


@dataclass(frozen=True, slots=True)
class BenchSink:
    """Where the sink listens, and what it has seen."""

    port: int

    def url(self, path: str = "/") -> str:
        """The URL of a path of the sink."""
        return f"http://127.0.0.1:{self.port}{path}"

    def report(self) -> dict:
        """What has arrived so far."""
        return self._get("/report")

    def count(self) -> int:
        """How many requests have arrived so far; cheap to ask while they do."""
        return self._get("/count")

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url(path)) as answer:
            return json.load(answer)


@contextlib.contextmanager
def listening(delay: float = 0) -> Iterator[BenchSink]:
    """Run a sink that answers after `delay` seconds while the block lasts."""
    command = [sys.executable, "-m", "tests.bench.sink", str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            yield BenchSink(int(process.stdout.readline()))
        finally:
            process.kill()


class _Connection(asyncio.Protocol):
    arrivals: dict[str, float] = {}  # noqa: RUF012  # one sink a process
    count = 0
    delay = 0.0

    def connection_made(self, transport):
        self.transport, self.data = transport, b""

    def data_received(self, data):
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end].lower()
            length = int(_field(head, b"content-length") or 0)
            if len(self.data) < end + 4 + length:
                return
            self.data = self.data[end + 4 + length :]
            self._answer(head)

    def _answer(self, head):
        if head.startswith(b"get "):
            whole = {"count": _Connection.count, "arrivals": self.arrivals}
            body = json.dumps(whole if head.startswith(b"get /report") else _Connection.count).encode()
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return
        _Connection.count += 1
        self.arrivals.setdefault(_field(head, b"webhook-id").decode(), time.monotonic())
        if head.startswith(b"post /hang"):
            return
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self.transport.write, ANSWER)
        else:
            self.transport.write(ANSWER)


def _field(head: bytes, name: bytes) -> bytes:
    start = head.find(b"\r\n" + name + b": ")
    return head[start + len(name) + 4 :].split(b"\r\n", 1)[0] if start >= 0 else b""


async def _serve():
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    _Connection.delay = float(*sys.argv[1:])
    asyncio.run(_serve())
