"""An HTTP client in a process of its own: keep-alive connections, one thread each, a time for every answer.

`call(port, …)` runs it; the process reads what to do as JSON from its standard input.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

HEADERS = {"Authorization": "Bearer bench-token", "Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Calls:
    """What came of some calls: how long all took together, how long each took (seconds), how many bytes came back."""

    seconds: float
    durations: list[float]
    size: int


def call(port: int, method: str, path: str, count: int, *, body: str = "", connections: int = 1) -> Calls:
    """Make `count` equal calls over `connections` connections; raise RuntimeError when one does not succeed."""
    plan = {"port": port, "method": method, "path": path, "count": count, "body": body, "connections": connections}
    command = [sys.executable, "-m", "tests.bench.client"]
    done = subprocess.run(command, input=json.dumps(plan), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{method} {path}: {done.stderr.strip().splitlines()[-1]}")
    return Calls(**json.loads(done.stdout))


def _run(plan: dict[str, Any]) -> Calls:
    durations: list[float] = []
    sizes: list[int] = []
    faults: list[str] = []
    numbers = iter(range(plan["count"]))
    ready = threading.Barrier(plan["connections"] + 1)

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", plan["port"], timeout=60)
        connection.connect()
        ready.wait()
        for _ in numbers:
            start = time.perf_counter()
            connection.request(plan["method"], plan["path"], plan["body"].encode() or None, HEADERS)
            answer = connection.getresponse()
            content = answer.read()
            durations.append(time.perf_counter() - start)
            sizes.append(len(content))
            if not 200 <= answer.status < 300:
                faults.append(f"{answer.status} {content[:300]!r}")
                return

    threads = [threading.Thread(target=work) for _ in range(plan["connections"])]
    for thread in threads:
        thread.start()
    ready.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    if faults or len(durations) != plan["count"]:
        sys.exit(f"{len(durations)} of {plan['count']} answered; {faults[:1]}")
    return Calls(seconds, durations, max(sizes))


if __name__ == "__main__":
    found = _run(json.load(sys.stdin))
    print(json.dumps({"seconds": found.seconds, "durations": found.durations, "size": found.size}))
