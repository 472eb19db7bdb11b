"""How many requests a second the door makes, and how many a bare `HTTPAdapter.send` does: `python -m tests.bench.door`.

Both send the same request to the same sink, which is another process and does next to nothing.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import statistics
import threading
import time
from collections.abc import Callable, Sequence

import requests
from requests.adapters import HTTPAdapter

from shared.exchange import Limits, Request
from shared.http import Door
from shared.netguard import AllowedTargets
from tests.bench import sink

BODY = b'{"type":"payment_received","data":' + b'"' + b"x" * 900 + b'"}'
HEADERS = (
    ("content-type", "application/json"),
    ("user-agent", "Hookloop/bench"),
    ("webhook-id", "evt_01m86pzaj7n1ax5v8nzg5v94a9"),
    ("webhook-timestamp", "1750000000"),
    ("webhook-signature", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
)


def rate(send: Callable[[], object], threads: int, seconds: float) -> tuple[float, float]:
    """Return how many times a second `threads` threads together call `send`, and the microseconds of CPU of each."""
    counts = [0] * threads
    used = time.process_time()
    ends_at = time.perf_counter() + seconds

    def work(index: int) -> None:
        while time.perf_counter() < ends_at:
            send()
            counts[index] += 1

    workers = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / seconds, (time.process_time() - used) / sum(counts) * 1e6


def bare(url: str) -> Callable[[], object]:
    """Return the least that sends with `requests`: a request prepared once, its answer read."""
    adapter = HTTPAdapter(pool_maxsize=64)
    prepared = requests.Request("POST", url, headers=dict(HEADERS), data=BODY).prepare()

    def send() -> None:
        answer = adapter.send(prepared, timeout=(5, 15))
        assert answer.status_code == 200
        assert answer.content

    return send


def through_door(url: str) -> Callable[[], object]:
    """Return a delivery's way out."""
    door = Door(AllowedTargets.parse("127.0.0.1"), Limits())
    request = Request("POST", url, HEADERS, BODY)

    def send() -> None:
        exchange = door.send(request)
        assert exchange.outcome.kind == "succeeded", exchange

    return send


def main(argv: Sequence[str] | None = None) -> None:
    """Print both rates and their ratio, by turns so that a busy machine slows both."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.door", description=__doc__)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="show where the time goes, in one thread")
    options = parser.parse_args(argv)
    with sink.listening() as endpoint:
        senders = {"bare": bare(endpoint.url("/in")), "door": through_door(endpoint.url("/in"))}
        if options.profile:
            for send in senders.values():
                profile = cProfile.Profile()
                profile.runcall(lambda send=send: [send() for _ in range(2000)])
                pstats.Stats(profile).sort_stats("tottime").print_stats(30)
            return
        rates: dict[str, list[tuple[float, float]]] = {name: [] for name in senders}
        for _ in range(options.rounds):
            for name, send in senders.items():
                rates[name].append(rate(send, options.threads, options.seconds))
    middle = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in rates.items()}
    for name, (speed, cost) in middle.items():
        print(f"{name}: {speed:,.0f} requests/s with {options.threads} threads, {cost:,.0f} µs of CPU each")
    print(
        f"ratio: {middle['door'][0] / middle['bare'][0]:.2f} of the rate, "
        f"{middle['door'][1] / middle['bare'][1]:.2f} of the CPU"
    )


if __name__ == "__main__":
    main()
