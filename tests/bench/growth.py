"""What a million finished deliveries change (SQLite): throughput, lists, and deleting the oldest of them meanwhile."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import timedelta

from tests.bench import lists, report
from tests.bench.fill import SPAN, fill
from tests.bench.product import Product, fresh
from tests.bench.size import Size
from tests.bench.throughput import EVENTS, deliver, measure

FINISHED = 1_000_000
ROUNDS = 3
PRUNING_ROUNDS = 4
OLD = 0.1  # of the finished ones are to be deleted
AIM = 0.9


def run(size: Size) -> Iterator[str]:
    """Yield the figures as Markdown tables."""
    count, events = size.of(FINISHED), size.of(EVENTS)
    with fresh(1) as sender:
        start = time.monotonic()
        webhook_ids = fill(sender, count)
        gigabytes = sender.path.stat().st_size / 1e9
        yield f"{count:,} finished deliveries, {gigabytes:.1f} GB, made in {time.monotonic() - start:.0f} s."
        seen = lists.measure(sender, webhook_ids, size.of(lists.CALLS))
        rounds = [(measure(1, None, events), deliver(sender, 1, events).rate) for _ in range(size.rounds(ROUNDS))]
        empty, full = (statistics.median(speeds) for speeds in zip(*rounds, strict=True))
        rows = [["nothing", report.rate(empty), "", ""], ["all of them", *_compared(full, empty)]]
        rows.append(_while_pruning(sender, events))
    head = [f"{events:,} deliveries, one worker; in the database", "deliveries", "ratio", "aim"]
    yield report.table(head, rows)
    yield seen


def _while_pruning(sender: Product, events: int) -> list[str]:
    """Deliver by turns without and with deleting what is oldest, so that a machine that slows down slows both."""
    kept = SPAN * (1 - OLD)
    calm, busy, gone = [], [], 0
    for _ in range(PRUNING_ROUNDS):
        sender.environment.pop("SENDER_RETENTION_DAYS", None)
        calm.append(deliver(sender, 1, events).rate)
        sender.environment["SENDER_RETENTION_DAYS"] = str(kept / timedelta(days=1))
        finished = sender.finished() + events
        busy.append(deliver(sender, 1, events).rate)
        gone += finished - sender.finished()
    title = f"while it deletes the oldest ({gone:,} gone), by turns with not"
    return [title, *_compared(statistics.median(busy), statistics.median(calm))]


def _compared(speed: float, other: float) -> list[str]:
    return [report.rate(speed), report.ratio(speed / other), f"≥ {AIM}"]
