"""Events accepted a second over HTTP, one at a time and as a batch: `python -m tests.bench publish`.

Each event is of 1 KB and owes a delivery; it is stored when its answer comes. No worker runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.bench import client, product, report, web
from tests.bench.product import PAYLOAD, Product
from tests.bench.size import Size

EVENTS = 5_000
CONNECTIONS = (1, 8, 32)
BATCH = 500
EVENT = {"type": "payment_received", "payload": json.loads(PAYLOAD)}


def _rows(name: str, sender: Product, events: int) -> Iterator[list[str]]:
    """Yield the figures of publishing `events` events one at a time, and five times as many in batches."""
    sender.webhooks(["http://127.0.0.1:1/"])
    cases = [(connections, 1, events) for connections in CONNECTIONS]
    cases += [(connections, min(BATCH, events), events * 5) for connections in (1, 8)]
    plans = [plan for case in cases for plan in _plans(*case)]
    with web.serving(sender) as port:
        found = client.calls(port, plans)[1::2]
    for (connections, size, _), calls in zip(cases, found, strict=True):
        times = [report.milliseconds(report.percentile(calls.durations, share)) for share in (0.5, 0.95)]
        accepted = len(calls.durations) * size
        kind = "one at a time" if size == 1 else f"batches of {size}"
        yield [name, kind, str(connections), f"{accepted:,}", report.rate(accepted / calls.seconds), *times]


def _plans(connections: int, size: int, events: int) -> tuple[client.Plan, client.Plan]:
    """Return the calls that warm up every thread, and those that count: `size` events in each request."""
    path = "/api/v1/events" if size == 1 else "/api/v1/events/batch"
    body = json.dumps(EVENT if size == 1 else {"events": [EVENT] * size})
    counts = (connections, max(events // size, connections))
    warm_up, counted = (client.Plan("POST", path, count, [body], connections) for count in counts)
    return warm_up, counted


def run(size: Size) -> Iterator[str]:
    """Yield the figures as a Markdown table."""
    rows: list[list[str]] = []
    with product.databases() as both:
        for name, running in both.items():
            with product.fresh(1, running) as sender:
                rows.extend(_rows(name, sender, size.of(EVENTS)))
    head = ["Publish over HTTP", "requests", "connections", "events", "accepted", "p50 of a request", "p95"]
    yield report.table(head, rows)
