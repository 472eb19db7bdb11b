"""Deliveries per second: events of 1 KB to a local sink, every attempt recorded: `python -m tests.bench throughput`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.bench import bare, product, report, sink
from tests.bench.size import Size

EVENTS = 10_000
WEBHOOKS = 50
AIMS = {1: 1800, 2: 3000}  # deliveries/s by the number of workers


def deliver(sender: product.Product, workers: int, events: int = EVENTS) -> float:
    """Return deliveries per second from the first arrival until the last attempt is recorded."""
    with sink.listening() as endpoint:
        sender.allow(f"127.0.0.1:{endpoint.port}")
        webhook_ids = sender.webhooks([endpoint.url(f"/{number}") for number in range(WEBHOOKS)])
        sender.owe(webhook_ids, events)
        with sender.workers(workers):
            end = product.await_done(sender)
        arrivals = endpoint.report()["arrivals"]
        assert len(arrivals) == events, "each event arrives"
        return events / (end - min(arrivals.values()))


def measure(workers: int, running: Any = None, events: int = EVENTS) -> float:
    """Return deliveries per second of a sender on an empty database, as `product.fresh` takes it."""
    with product.fresh(1, running) as sender:
        return deliver(sender, workers, events)


def _rows(name: str, workers: int, running: Any, events: int, loop: float) -> Iterator[list[str]]:
    speed = measure(workers, running, events)
    aim = f"≥ {AIMS[workers]:,}/s" if running is None else ""
    yield [name, str(workers), report.rate(speed), aim, report.rate(loop), report.ratio(speed / loop), "≥ 0.75"]


def run(size: Size) -> Iterator[str]:
    """Yield the figures as a Markdown table."""
    events = size.of(EVENTS)
    rows: list[list[str]] = []
    with product.databases() as both:
        for workers in (1, 2):
            loop = bare.measure(workers, events)
            for name, running in both.items():
                rows.extend(_rows(name, workers, running, events, loop))
    head = ["Throughput", "workers", "deliveries", "aim", "bare `HTTPAdapter.send`", "ratio", "aim"]
    yield f"{events:,} events of 1 KB, {WEBHOOKS} webhooks."
    yield report.table(head, rows)
