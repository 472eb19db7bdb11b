"""What a million finished deliveries change (SQLite): throughput, lists, and deleting the oldest of them meanwhile."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta

from shared import clock
from shared.database import microseconds
from tests.bench import lists, report
from tests.bench.fill import SPAN, fill
from tests.bench.product import Product, fresh
from tests.bench.throughput import EVENTS, deliver, measure

FINISHED = 1_000_000
ROUNDS = 3
MOST_ROUNDS = 12  # while old ones are deleted
OLD = 0.1  # of the finished ones are deleted
AIM = 0.9


def run(quick: bool = False) -> str:
    """Return the figures as Markdown tables."""
    part = 10 if quick else 1
    count, events = FINISHED // part, EVENTS // part
    with fresh(1) as sender:
        start = time.monotonic()
        webhook_ids = fill(sender, count)
        size = sender.path.stat().st_size / 1e9
        filled = f"{count:,} finished deliveries, {size:.1f} GB, made in {time.monotonic() - start:.0f} s."
        seen = lists.measure(sender, webhook_ids, lists.CALLS // part)
        rounds = [(measure(1, events=events), deliver(sender, 1, events)) for _ in range(1 if quick else ROUNDS)]
        empty, full = (statistics.median(speeds) for speeds in zip(*rounds, strict=True))
        rows = [["nothing", report.rate(empty), "", ""], ["all of them", *_compared(full, empty)]]
        rows.append(_while_pruning(sender, events, full))
    head = [f"{events:,} deliveries, one worker; in the database", "deliveries", "ratio", "aim"]
    return f"{filled}\n\n{report.table(head, rows)}\n\n{seen}"


def _while_pruning(sender: Product, events: int, full: float) -> list[str]:
    """Deliver again and again until the worker has deleted the oldest tenth of what is finished."""
    kept = SPAN * (1 - OLD)
    sender.environment["SENDER_RETENTION_DAYS"] = str(kept / timedelta(days=1))
    limit = microseconds(clock.now() - kept)
    old = sender.scalar(f"SELECT count(*) FROM deliveries WHERE state = 'succeeded' AND finished_at < {limit}")
    ever, gone, speeds = sender.finished(), 0, []
    while gone < old and len(speeds) < MOST_ROUNDS:
        speeds.append(deliver(sender, 1, events))
        ever += events
        gone = ever - sender.finished()
    full_rounds = speeds[:-1] or speeds  # in the last there was not always something left to delete
    title = f"while it deletes the {old:,} oldest ({gone:,} gone after {len(speeds)} rounds)"
    return [title, *_compared(statistics.median(full_rounds), full)]


def _compared(speed: float, other: float) -> list[str]:
    return [report.rate(speed), report.ratio(speed / other), f"≥ {AIM}"]
