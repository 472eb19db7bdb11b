"""Deliveries per second: events of 1 KB to a local sink, every attempt recorded: `python -m tests.bench throughput`.

The machine's pace varies within minutes, so that a bare loop, SQLite and PostgreSQL take turns, and what is compared is
of one round. The bare loop has the number of threads with which it is fastest. Both are measured when all processes run
and have connections: the start of a second worker would otherwise be part of the two seconds that it works.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.bench import bare, product, report, sink
from tests.bench.size import Size

EVENTS = 10_000
WEBHOOKS = 50
WARM_UP = 1000  # deliveries of each worker before the clock starts
ROUNDS = 3
AIMS = {1: 1800, 2: 3000}  # deliveries/s by the number of workers, on SQLite
RATIO = 0.75  # the aim, to the bare loop

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of some deliveries: how many a second, and the longest time between two arrivals in seconds."""

    rate: float
    gap: float


def deliver(
    sender: product.Product, workers: int, events: int, warm_up: int = 0, webhooks: int = WEBHOOKS
) -> Delivered:
    """Deliver events; their rate is from the first arrival until the last attempt is recorded.

    They are owed before the workers start, or, with `warm_up`, after all workers run and have delivered so many others.
    """
    with sink.listening() as endpoint:
        sender.allow(f"127.0.0.1:{endpoint.port}")
        webhook_ids = sender.webhooks([endpoint.url(f"/{number}") for number in range(webhooks)])
        owed = set() if warm_up else sender.owe(webhook_ids, events)
        with sender.workers(workers):
            if warm_up:
                product.await_workers(sender, workers)
                sender.owe(webhook_ids, warm_up)
                product.await_done(sender)
                owed = sender.owe(webhook_ids, events)
            end = product.await_done(sender)
        arrived = endpoint.report()["arrivals"]
        assert len(arrived) == events + warm_up, "each event arrives"
        arrivals = sorted(arrived[key] for key in owed)
        gap = max((later - one for one, later in itertools.pairwise(arrivals)), default=0.0)
        return Delivered(events / (end - arrivals[0]), gap)


def measure(workers: int, running: Any, events: int, warm_up: int = 0, webhooks: int = WEBHOOKS) -> float:
    """Return deliveries per second of a sender on an empty database, as `product.fresh` takes it."""
    with product.fresh(1, running) as sender:
        return deliver(sender, workers, events, warm_up, webhooks).rate


def by_turns(measures: dict[str, Callable[[], Found]], rounds: int) -> dict[str, list[Found]]:
    """Return what each gives in each round; every round begins with the next of them."""
    found: dict[str, list[Found]] = {name: [] for name in measures}
    names = list(measures)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(measures[name]())
    return found


def _rows(both: dict[str, Any], workers: int, size: Size) -> Iterator[list[str]]:
    events = size.of(EVENTS)
    threads = bare.best(workers, max(events // 5, 50))
    warm_up = size.of(WARM_UP) * workers
    measures = {
        name: lambda running=running: measure(workers, running, events, warm_up) for name, running in both.items()
    }
    found = by_turns({"bare": lambda: bare.measure(workers, events, threads), **measures}, size.rounds(ROUNDS))
    loops = found.pop("bare")
    loop = f"{report.rate(statistics.median(loops))} ({threads} thread{'s' * (threads > 1)} each)"
    for name, speeds in found.items():
        aim = f"≥ {AIMS[workers]:,}/s" if name == "SQLite" else ""
        ratios = _ratios(speeds, loops)
        yield [name, str(workers), report.rate(statistics.median(speeds)), aim, loop, ratios, f"≥ {RATIO}"]


def _alone(both: dict[str, Any], size: Size) -> Iterator[list[str]]:
    workers = max(AIMS)
    measures = {
        name: lambda running=running: measure(workers, running, size.of(EVENTS), size.of(WARM_UP) * workers, webhooks=1)
        for name, running in both.items()
    }
    for name, speeds in by_turns(measures, size.rounds(ROUNDS)).items():
        yield [name, str(workers), report.rate(statistics.median(speeds))]


def _ratios(speeds: Sequence[float], others: Sequence[float]) -> str:
    return report.spread([speed / other for speed, other in zip(speeds, others, strict=True)])


def run(size: Size) -> Iterator[str]:
    """Yield the figures as a Markdown table."""
    with product.databases() as both:
        rows = [row for workers in AIMS for row in _rows(both, workers, size)]
        alone = list(_alone(both, size))
    rounds = size.rounds(ROUNDS)
    yield f"{size.of(EVENTS):,} events of 1 KB, {WEBHOOKS} webhooks; medians of {rounds} round{'s' * (rounds > 1)}."
    head = ["Throughput", "workers", "deliveries", "aim", "bare `HTTPAdapter.send`", "ratio by round", "aim"]
    yield report.table(head, rows)
    yield "The same to one webhook, with an in-flight cap of 10."
    yield report.table(["One webhook", "workers", "deliveries"], alone)
