"""A client that publishes over HTTP as a careful program does: with an id or a key, and again until it is accepted."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from sender.models import Event, db
from tests.faults.ground import PATIENCE, Sender
from tests.faults.verdict import Verdict

THREADS = 4
TIRED = 10  # of so many events one is not sent again when it got no answer


class Publisher:
    """Publishes `count` numbered events to a port; `accepted` holds the id that each number was given."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._numbers = iter(range(count))
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(THREADS)]
        self.accepted: dict[int, str] = {}
        self.given_up: set[int] = set()
        self.retried: set[int] = set()
        self.refusals: Counter[int] = Counter()  # by status; 0 for no answer at all
        self.faults: list[str] = []

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until each event was accepted or given up; raise TimeoutError."""
        deadline = time.monotonic() + PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            raise TimeoutError(f"only {len(self.accepted)} events were accepted")

    def _work(self) -> None:
        while (number := self._next()) is not None:
            for tries in itertools.count():
                if event_id := self._publish(number):
                    self.accepted[number] = event_id
                    break
                if number % TIRED == 0:
                    self.given_up.add(number)
                    break
                self.retried.add(number)
                time.sleep(min(0.2, 0.02 * (tries + 1)))

    def _next(self) -> int | None:
        with self._lock:
            return next(self._numbers, None)

    def _publish(self, number: int) -> str | None:
        """Return the id of the event once it is accepted; None when there was no such answer."""
        event = {"type": "payment_received", "payload": {"number": number}}
        headers = {"Authorization": "Bearer bench-token", "Content-Type": "application/json"}
        if number % 2:
            headers["Idempotency-Key"] = f"order-{number}"
        else:
            event["id"] = f"order-{number}"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=35)
        try:
            connection.request("POST", "/api/v1/events", json.dumps(event), headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self.refusals[0] += 1
            return None
        finally:
            connection.close()
        if answer.status == 202:
            return json.loads(content)["id"]
        self.refusals[answer.status] += 1
        if answer.status < 500 or answer.headers.get_content_type() != "application/problem+json":
            self.faults.append(f"publishing was answered with {answer.status} {content[:80]!r}")
        return None

    def check(self, sender: Sender, verdict: Verdict) -> None:
        """Hold the client's memory against what is stored: each event once, whole, and none that nobody published."""
        query = select(Event.id, Event.payload).where(Event.type == "payment_received")
        with sender.app.app_context(), db.engine.connect() as connection:
            rows = connection.execute(query).all()
        stored = [(payload["number"], key) for key, text in rows if "number" in (payload := json.loads(text))]
        times = Counter(number for number, _ in stored)
        verdict.expect(max(times.values(), default=0) == 1, "an event was stored twice")
        verdict.expect(
            set(self.accepted.items()) <= set(stored), "an event that was accepted is not stored under its id"
        )
        verdict.expect(times.keys() <= self.accepted.keys() | self.given_up, "an event is stored that was refused")
        halves = sender.scalar(
            "SELECT count(*) FROM events LEFT JOIN deliveries ON event_id = events.id WHERE deliveries.id IS NULL"
        )
        verdict.expect(halves == 0, f"{halves} events are stored without their delivery")
        verdict.failures += self.faults[:1]

    def note(self) -> str:
        """How often publishing failed, in words."""
        answers = ", ".join(f"{status or 'no answer'} {count} times" for status, count in sorted(self.refusals.items()))
        return f"{answers or 'no refusals'}; {len(self.retried)} published again, {len(self.given_up)} given up"


@contextmanager
def publishing(port: int, count: int) -> Iterator[Publisher]:
    """Publish from threads of their own while the block lasts; at its end all is accepted or given up."""
    publisher = Publisher(port, count)
    publisher.start()
    yield publisher
    publisher.join()
