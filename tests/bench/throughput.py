"""Deliveries per second: events of 1 KB to a local sink, every attempt recorded. `python -m tests.bench.throughput`."""

from __future__ import annotations

import sys

from tests.bench import product, sink

EVENTS = 10_000
WEBHOOKS = 10


def measure(workers: int, database_url: str | None = None, events: int = EVENTS) -> float:
    """Return deliveries per second from the first arrival until the last attempt is recorded."""
    with sink.listening() as endpoint, product.fresh(endpoint.port, database_url) as sender:
        webhook_ids = sender.webhooks([endpoint.url(f"/{number}") for number in range(WEBHOOKS)])
        sender.owe(webhook_ids, events)
        with sender.workers(workers):
            end = product.await_finished(sender, events)
        report = endpoint.report()
        assert len(report["arrivals"]) == events, "each event arrives"
        return events / (end - min(report["arrivals"].values()))


if __name__ == "__main__":
    for workers in map(int, sys.argv[1:] or ["1", "2"]):
        print(f"SQLite, {workers} worker(s): {measure(workers):,.0f} deliveries/s")
