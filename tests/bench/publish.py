"""Events accepted a second over HTTP, one at a time and as a batch: `python -m tests.bench publish`.

Each event is of 1 KB and owes a delivery; it is stored when its answer comes. No worker runs.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

from tests import postgresql
from tests.bench import client, report, web
from tests.bench.product import PAYLOAD, Product, fresh

EVENTS = 10_000
CONNECTIONS = (1, 8, 32)
BATCH = 500
EVENT = {"type": "payment_received", "payload": json.loads(PAYLOAD)}


def _row(name: str, port: int, connections: int, size: int, events: int) -> list[str]:
    """Publish `events` events, `size` in each request, and return the figures."""
    single = size == 1
    path = "/api/v1/events" if single else "/api/v1/events/batch"
    body = json.dumps(EVENT if single else {"events": [EVENT] * size})
    client.call(port, "POST", path, connections, body=body, connections=connections)  # every thread is warm
    calls = client.call(port, "POST", path, max(events // size, connections), body=body, connections=connections)
    times = [report.milliseconds(report.percentile(calls.durations, share)) for share in (0.5, 0.95)]
    accepted = len(calls.durations) * size
    kind = "one at a time" if single else f"batches of {size}"
    return [name, kind, str(connections), f"{accepted:,}", report.rate(accepted / calls.seconds), *times]


def _rows(name: str, sender: Product, events: int) -> Iterator[list[str]]:
    sender.webhooks(["http://127.0.0.1:1/"])
    with web.serving(sender) as port:
        for connections in CONNECTIONS:
            yield _row(name, port, connections, 1, events)
        for connections in (1, 8):
            yield _row(name, port, connections, BATCH, events * 5)


def run(quick: bool = False) -> str:
    """Return the figures as a Markdown table."""
    events = EVENTS // 10 if quick else EVENTS
    rows: list[list[str]] = []
    with contextlib.ExitStack() as stack:
        rows.extend(_rows("SQLite", stack.enter_context(fresh(1)), events))
        running = stack.enter_context(postgresql.server())
        url = stack.enter_context(postgresql.url(running))
        rows.extend(_rows("PostgreSQL", stack.enter_context(fresh(1, url)), events))
    head = ["Publish over HTTP", "requests", "connections", "events", "accepted", "p50 of a request", "p95"]
    return report.table(head, rows)
