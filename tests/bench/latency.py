"""How long an event takes from its acceptance to the endpoint, at a steady rate, beside dead endpoints too.

`python -m tests.bench latency`. The publisher, the sender's web process, its worker and the sink are four processes;
all read the same clock (CLOCK_MONOTONIC).
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

from sqlalchemy import update

from sender.models import Webhook, db
from tests.bench import product, sink, web
from tests.bench.size import Size

RATE, SECONDS, WEBHOOKS, CONNECTIONS = 200, 30, 50, 8


def publish(port: int, rate: float, seconds: float) -> dict[str, float]:
    """Publish events at a steady rate and return when each was accepted, by id; runs in a process of its own."""
    accepted: dict[str, float] = {}
    start = time.monotonic() + 0.5

    def work(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"Authorization": "Bearer bench-token", "Content-Type": "application/json"}
        for index in range(number, int(rate * seconds), CONNECTIONS):
            time.sleep(max(0.0, start + index / rate - time.monotonic()))
            event = {"type": f"bench.{index % WEBHOOKS}", "payload": {"number": index, "note": "x" * 980}}
            connection.request("POST", "/api/v1/events", json.dumps(event), headers)
            answer = json.loads(connection.getresponse().read())
            accepted[answer["id"]] = time.monotonic()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return accepted


def measure(hanging: int, refusing: int, seconds: float) -> list[float]:
    """Return the latencies in ms, sorted, of the events of the healthy webhooks."""
    with sink.listening() as endpoint, socket.create_server(("127.0.0.1", 0)) as closed:
        refused = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        closed.close()
        urls = [endpoint.url(f"/hang/{n}") for n in range(hanging)] + [refused] * refusing
        urls += [endpoint.url(f"/{n}") for n in range(WEBHOOKS - len(urls))]
        with product.fresh(endpoint.port) as sender:
            ids = sender.webhooks(urls)
            sender.allow(f"127.0.0.1:{refused.split(':')[2].strip('/')}")
            sender.add_event_types([f"bench.{number}" for number in range(WEBHOOKS)])
            with sender.app.app_context(), db.engine.begin() as connection:
                for number, webhook_id in enumerate(ids):
                    wanted = update(Webhook).where(Webhook.id == webhook_id).values(event_types=[f"bench.{number}"])
                    connection.execute(wanted)
            with web.serving(sender) as port, sender.workers(1):
                time.sleep(2)
                command = [sys.executable, "-m", "tests.bench.latency", "publish", str(port), str(RATE), str(seconds)]
                accepted = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
                time.sleep(2)
                arrivals = endpoint.report()["arrivals"]
                healthy = sender.event_ids([f"bench.{n}" for n in range(hanging + refusing, WEBHOOKS)])
    return sorted(max(0.0, arrivals[key] - accepted[key]) * 1000 for key in healthy & arrivals.keys())


def run(size: Size) -> Iterator[str]:
    """Yield the figures as a Markdown table."""
    seconds = SECONDS / size.part
    lines = ["| Steady 200 events/s over 50 webhooks | events | p50 | p95 | p99 |", "|---|---|---|---|---|"]
    for title, hanging, refusing in (("all healthy", 0, 0), ("10 % hang, 10 % refuse; the healthy ones", 5, 5)):
        found = measure(hanging, refusing, seconds)
        points = [f"{found[min(len(found) - 1, int(len(found) * share))]:.1f} ms" for share in (0.5, 0.95, 0.99)]
        lines.append(f"| {title} | {len(found):,} | {' | '.join(points)} |")
    yield "\n".join(lines)


if __name__ == "__main__":
    print(json.dumps(publish(int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))))
