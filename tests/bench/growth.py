"""What a million finished deliveries change: throughput, lists, and deleting the oldest of them meanwhile.

`python -m tests.bench growth`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.bench import lists, product, report
from tests.bench.fill import SPAN, fill
from tests.bench.product import Product
from tests.bench.size import Size
from tests.bench.throughput import EVENTS, Delivered, by_turns, deliver

FINISHED = 1_000_000
ROUNDS = 4
OLD = 0.1  # of the finished ones are to be deleted
AIM = 0.9


def run(size: Size) -> Iterator[str]:
    """Yield the figures as Markdown tables."""
    with product.databases() as both:
        for name, running in both.items():
            yield from _measure(name, running, size)


def _measure(name: str, running: Any, size: Size) -> Iterator[str]:
    """Yield what one database has to say."""
    count, events = size.of(FINISHED), size.of(EVENTS)
    with product.fresh(1, running) as sender:
        start = time.monotonic()
        filled = fill(sender, count)
        gigabytes = f"{sender.database_size() / 1e9:.2f} GB"
        yield f"{name}: {count:,} finished deliveries, {gigabytes}, made in {time.monotonic() - start:.0f} s."
        yield from lists.measure(name, sender, filled, size.of(lists.CALLS))
        rows = _rates(sender, running, events, size)
        gigabytes = f"{sender.database_size() / 1e9:.2f} GB"
    head = [f"{name}, {events:,} deliveries, one worker; in the database", "deliveries", "ratio by round", "aim"]
    yield report.table([*head, "longest gap between arrivals"], rows)
    yield f"The database has {gigabytes} after that."


def _rates(sender: Product, running: Any, events: int, size: Size) -> list[list[str]]:
    """Deliver by turns from an empty database, from the full one, and from that while the oldest are deleted."""
    kept = SPAN * (1 - OLD) / timedelta(days=1)
    gone = 0

    def empty() -> Delivered:
        with product.fresh(1, running) as other:
            return deliver(other, 1, events)

    def full() -> Delivered:
        sender.environment.pop("SENDER_RETENTION_DAYS", None)
        return deliver(sender, 1, events)

    def pruning() -> Delivered:
        nonlocal gone
        sender.environment["SENDER_RETENTION_DAYS"] = str(kept)
        before = sender.finished()
        delivered = deliver(sender, 1, events)
        gone += before + events - sender.finished()
        return delivered

    found = by_turns({"empty": empty, "full": full, "pruning": pruning}, size.rounds(ROUNDS))
    return [
        _row("nothing", found["empty"]),
        _row("all of them; to nothing", found["full"], found["empty"]),
        _row(f"all, while the oldest are deleted ({gone:,} gone); to all", found["pruning"], found["full"]),
    ]


def _row(title: str, found: list[Delivered], others: list[Delivered] | None = None) -> list[str]:
    speed = report.rate(statistics.median(one.rate for one in found))
    gap = report.milliseconds(max(one.gap for one in found))
    if others is None:
        return [title, speed, "", "", gap]
    ratios = [one.rate / other.rate for one, other in zip(found, others, strict=True)]
    return [title, speed, report.spread(ratios), f"≥ {AIM}", gap]
