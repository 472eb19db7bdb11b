"""An HTTP client in a process of its own: keep-alive connections, one thread each, a time for every answer.

`calls(port, plans)` runs it; the process reads what to do as JSON from its standard input.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

HEADERS = {"Authorization": "Bearer bench-token", "Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Plan:
    """Calls to make: as fast as the connections allow, or `rate` a second; with each body in turn.

    None begins later than `within` seconds after the first; `ids` asks for the ids in the answers.
    """

    method: str
    path: str
    count: int
    bodies: Sequence[str] = ("",)
    connections: int = 1
    rate: float | None = None
    within: float | None = None
    ids: bool = False


@dataclass(frozen=True, slots=True)
class Calls:
    """What came of some calls, in seconds: how long all took together, and each; moments are of CLOCK_MONOTONIC.

    `sent` is when each began, in order; `answered` when an answer was read, by the id in it; `size` the bytes of the
    longest answer.
    """

    seconds: float
    durations: list[float]
    size: int
    sent: list[float]
    answered: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Made:
    start: float
    end: float
    content: bytes


def calls(port: int, plans: Sequence[Plan]) -> list[Calls]:
    """Carry out one plan after another; return what came of each, or raise RuntimeError when a call fails."""
    given = json.dumps({"port": port, "plans": [dataclasses.asdict(plan) for plan in plans]})
    command = [sys.executable, "-m", "tests.bench.client"]
    done = subprocess.run(command, input=given, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"the client ended with {done.returncode}"])[-1])
    return [Calls(**found) for found in json.loads(done.stdout)]


def _run(port: int, plan: Plan) -> Calls:
    made: list[_Made] = []
    faults: list[str] = []
    numbers = iter(range(plan.count))
    start = 0.0

    def work() -> None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.connect()
            ready.wait()
            go.wait()
            made.extend(list(_make(connection, plan, numbers, start)))
        except (OSError, http.client.HTTPException, ValueError) as error:
            faults.append(repr(error))
            ready.abort()

    ready = threading.Barrier(plan.connections + 1)
    go = threading.Event()
    threads = [threading.Thread(target=work) for _ in range(plan.connections)]
    for thread in threads:
        thread.start()
    with contextlib.suppress(threading.BrokenBarrierError):  # `faults` says why
        ready.wait()
    start = time.monotonic()
    go.set()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - start
    if faults or not made or (plan.within is None and len(made) != plan.count):
        sys.exit(f"{plan.method} {plan.path}: {len(made)} of {plan.count} answered; {faults[:1]}")
    made.sort(key=lambda one: one.start)
    answered = {json.loads(one.content)["id"]: one.end for one in made} if plan.ids else {}
    durations = [one.end - one.start for one in made]
    return Calls(seconds, durations, max(len(one.content) for one in made), [one.start for one in made], answered)


def _make(connection: http.client.HTTPConnection, plan: Plan, numbers: Iterator[int], begun: float) -> Iterator[_Made]:
    """Make calls until there are no more numbers; raise ValueError for an answer that is no success."""
    for number in numbers:
        if plan.rate:
            time.sleep(max(0.0, begun + number / plan.rate - time.monotonic()))
        start = time.monotonic()
        if plan.within is not None and start > begun + plan.within:
            return
        body = plan.bodies[number % len(plan.bodies)]
        connection.request(plan.method, plan.path, body.encode() or None, HEADERS)
        answer = connection.getresponse()
        content = answer.read()
        yield _Made(start, time.monotonic(), content)
        if not 200 <= answer.status < 300:
            raise ValueError(f"{answer.status} {content[:300]!r}")


def _main() -> None:
    given = json.load(sys.stdin)
    found = [_run(given["port"], Plan(**plan)) for plan in given["plans"]]
    print(json.dumps([dataclasses.asdict(one) for one in found]))


if __name__ == "__main__":
    _main()
