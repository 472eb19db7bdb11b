"""How long an event takes from its acceptance to the endpoint, at a steady rate, beside dead endpoints too.

`python -m tests.bench latency`. The publisher, the sender's web process, its worker and the sink are four processes;
all read the same clock (CLOCK_MONOTONIC). An event is accepted when the publisher has read the answer; what the
endpoint has by then took no time, and is counted.
"""

from __future__ import annotations

import dataclasses
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update

from sender.models import Webhook, db
from tests.bench import client, product, report, sink, web
from tests.bench.size import WHOLE, Size

RATE, SECONDS, WEBHOOKS, CONNECTIONS = 200, 30, 50, 8
KEPT = 0.98  # of the rate, or the run says nothing about it
POINTS = {0.5: 0.005, 0.95: 0.020, 0.99: 0.100}  # percentiles and their aims, in seconds
AIM = 2  # the healthy p95 beside dead endpoints, to that without
SICK = 5  # webhooks that hang, and as many that refuse
LAST = 60  # seconds in which the last event arrives
WARM_UP = 2.0


class TooSlow(Exception):
    """The events were not published at the rate that the figures are about."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """Of the events of the healthy webhooks: seconds from acceptance to arrival, none less than 0.

    `early` of them had arrived before the answer was read; `rate` is how many events a second were published.
    """

    seconds: list[float]
    early: int
    rate: float

    def at(self, share: float) -> float:
        """Return the seconds that this share does not exceed."""
        return report.percentile(self.seconds, share)


def measure(running: Any, sick: int, size: Size) -> Latencies:
    """Publish at the steady rate while `sick` webhooks hang and as many refuse; all healthy ones must get theirs."""
    with (
        sink.listening() as endpoint,
        product.fresh(endpoint.port, running) as sender,
        socket.socket() as closed,  # bound, but nobody listens
    ):
        sender.environment["SENDER_SHUTDOWN_GRACE"] = "1"  # what hangs need not be waited for in the end
        closed.bind(("127.0.0.1", 0))
        refused = closed.getsockname()[1]
        sender.allow(f"127.0.0.1:{refused}")
        urls = [endpoint.url(f"/hang/{n}") for n in range(sick)] + [f"http://127.0.0.1:{refused}/"] * sick
        _take_one_type_each(sender, [*urls, *(endpoint.url(f"/{n}") for n in range(WEBHOOKS - len(urls)))])
        with web.serving(sender) as port, sender.workers(1):
            time.sleep(WARM_UP / size.part)
            published = _publish(port, size.of(SECONDS * RATE))
            healthy = sender.event_ids([f"bench.{n}" for n in range(len(urls), WEBHOOKS)]) & published.answered.keys()
            arrivals = _await(endpoint, healthy)
    spans = [arrivals[key] - published.answered[key] for key in healthy]
    rate = (len(published.sent) - 1) / (published.sent[-1] - published.sent[0])
    return Latencies([max(0.0, span) for span in spans], sum(span < 0 for span in spans), rate)


def _take_one_type_each(sender: product.Product, urls: list[str]) -> None:
    """Register a webhook for each URL that takes events of one type: `bench.0` and so on."""
    sender.add_event_types([f"bench.{number}" for number in range(len(urls))])
    ids = sender.webhooks(urls)
    with sender.app.app_context(), db.engine.begin() as connection:
        for number, webhook_id in enumerate(ids):
            wanted = update(Webhook).where(Webhook.id == webhook_id).values(event_types=[f"bench.{number}"])
            connection.execute(wanted)


def _publish(port: int, events: int) -> client.Calls:
    bodies = [json.dumps({"type": f"bench.{n}", "payload": {"number": n, "note": "x" * 980}}) for n in range(WEBHOOKS)]
    plan = client.Plan("POST", "/api/v1/events", events, bodies, CONNECTIONS, RATE, ids=True)
    warm_up = dataclasses.replace(plan, count=2 * CONNECTIONS)
    return client.calls(port, [warm_up, plan])[1]


def _await(endpoint: sink.BenchSink, wanted: set[str]) -> dict[str, float]:
    """Return when each event arrived, once all of them have; raise TimeoutError."""
    deadline = time.monotonic() + LAST
    while missing := wanted - (arrivals := endpoint.report()["arrivals"]).keys():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(missing)} of {len(wanted)} events have not arrived {LAST} s after the last")
        time.sleep(0.2)
    return arrivals


def _row(title: str, found: Latencies, healthy: Latencies | None) -> list[str]:
    points = [report.milliseconds(found.at(share)) for share in POINTS]
    ratio = report.ratio(found.at(0.95) / healthy.at(0.95)) if healthy and healthy.at(0.95) else ""
    return [title, f"{found.rate:.1f}/s", f"{len(found.seconds):,}", f"{found.early:,}", *points, ratio]


def run(size: Size) -> Iterator[str]:
    """Yield the figures as a Markdown table; raise TooSlow when the rate was not kept."""
    rows, rates = [], []
    with product.databases() as both:
        for name, running in both.items():
            healthy, beside = (measure(running, sick, size) for sick in (0, SICK))
            share = SICK * 100 // WEBHOOKS
            rows.append(_row(f"{name}, all healthy", healthy, None))
            rows.append(_row(f"{name}, {share} % hang, {share} % refuse; the healthy ones", beside, healthy))
            rates += [healthy.rate, beside.rate]
    head = [f"Steady {RATE} events/s over {WEBHOOKS} webhooks", "published", "events", "there before the answer"]
    head += [f"p{share * 100:.0f} (aim ≤ {aim * 1000:.0f} ms)" for share, aim in POINTS.items()]
    yield report.table([*head, f"p95 to all healthy (aim ≤ {AIM})"], rows)
    if min(rates) < RATE * KEPT and size == WHOLE:
        raise TooSlow(f"{min(rates):.1f} events/s were published, which is less than {KEPT:.0%} of {RATE}")
