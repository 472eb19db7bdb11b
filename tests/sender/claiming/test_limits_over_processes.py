"""Rate limit and in-flight cap of a webhook hold over all workers: two processes on one database, counted at a sink."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from sender.models import db
from tests.faults.ground import PATIENCE, Ground, Sender, await_

LOGS = {"HOOKLOOP_LOG_LEVEL": "debug", "HOOKLOOP_LOG_FORMAT": "json"}
SECOND = timedelta(seconds=1)
# Every claim of a delivery as the database saw it, whichever process made it: its moment is the end of its lease
# without the lease.
CLAIMS = {
    "sqlite": (
        "CREATE TABLE claims (delivery_id TEXT, until BIGINT)",
        """CREATE TRIGGER keep_claims AFTER UPDATE OF claim_id ON deliveries WHEN NEW.claim_id IS NOT NULL
           BEGIN INSERT INTO claims VALUES (NEW.id, NEW.next_attempt_at); END""",
    ),
    "postgresql": (
        "CREATE TABLE claims (delivery_id TEXT, until BIGINT)",
        """CREATE FUNCTION keep_claim() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN INSERT INTO claims VALUES (NEW.id, NEW.next_attempt_at); RETURN NEW; END $$""",
        """CREATE TRIGGER keep_claims AFTER UPDATE OF claim_id ON deliveries FOR EACH ROW
           WHEN (NEW.claim_id IS NOT NULL) EXECUTE FUNCTION keep_claim()""",
    ),
}


@dataclass
class Gauge:
    """What the sink sees: when each event arrived, and how many of the gauged requests were open at once at most.

    These are held open until `go_on`.
    """

    arrived: dict[str, datetime] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)
    most: int = 0
    go_on: threading.Event = field(default_factory=threading.Event)
    _open: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, sent):
        event, is_gauged = sent["webhook-id"], "X-Gauged" in sent
        with self._lock:
            self.times[event] += 1
            self.arrived[event] = datetime.now(UTC)
            self._open += is_gauged
            self.most = max(self.most, self._open)
        if is_gauged:
            assert self.go_on.wait(PATIENCE)
        with self._lock:
            self._open -= is_gauged
        return {}, b"ok"


@pytest.fixture
def gauge(sink):
    gauge = Gauge()
    sink.answer = gauge.answer
    yield gauge
    gauge.go_on.set()


@pytest.fixture(params=CLAIMS)
def sender(request, databases, sink):
    """A sender with two worker processes, whose database keeps each claim."""
    ground = Ground(databases.server if request.param == "postgresql" else None)
    with ground.sender(sink.port, SENDER_WORKER_THREADS="8", **LOGS) as sender:
        with sender.app.app_context(), db.engine.begin() as connection:
            for statement in CLAIMS[request.param]:
                connection.execute(text(statement))
        workers = [sender.start_worker() for _ in range(2)]
        await_(lambda: sender.workers_ready() == 2, *workers)
        yield sender
        for worker in workers:
            worker.terminate()
        assert [worker.wait(PATIENCE) for worker in workers] == [0, 0]


def limit(sender: Sender, webhook: str, **limits) -> None:
    path, headers = f"/api/v1/webhooks/{webhook}", {"Authorization": "Bearer bench-token"}
    answer = sender.app.test_client().patch(path, json=limits, headers=headers)
    assert answer.status_code == 200, answer.text


def claims(sender: Sender) -> dict[str, datetime]:
    """When each event was claimed for its only attempt, at last: what cannot begin soon is given back."""
    query = "SELECT event_id, max(until) FROM claims JOIN deliveries ON deliveries.id = delivery_id GROUP BY event_id"
    lease = timedelta(seconds=sender.settings.lease_seconds)
    with sender.app.app_context(), db.engine.connect() as connection:
        rows = connection.execute(text(query)).all()
    return {event: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=until) - lease for event, until in rows}


def shares(sender: Sender) -> list[int]:
    """How many attempts each worker made."""
    return [sender.said(f"worker-{number}").count('"event": "attempt"') for number in range(2)]


def test_no_second_sees_more_than_the_rate_limit(sender, sink, gauge):
    rate, count = 20, 60
    (webhook,) = sender.webhooks([sink.url()], max_in_flight=100)
    limit(sender, webhook, rate_limit=rate, rate_period="second")
    owed = sender.owe([webhook], count)
    assert sender.settle(0) is not None
    assert gauge.times == Counter(owed), "all arrive, each once"
    assert min(shares(sender)) > 0, "one worker alone proves nothing"
    claimed = claims(sender)
    arrived = sorted(owed, key=gauge.arrived.get)
    for start in range(count - rate):
        some = arrived[start : start + rate + 1]
        # The tolerance is what the one that was claimed first took on its way: late itself, it comes close to those
        # after it, or behind them.
        first = min(some, key=claimed.get)
        way = gauge.arrived[first] - claimed[first]
        assert gauge.arrived[some[-1]] - gauge.arrived[some[0]] >= SECOND - way


@pytest.mark.parametrize("is_fast", [False, True])
def test_no_more_are_open_at_once_than_the_cap(sender, sink, gauge, is_fast):
    cap, count, others = 6, 60, 200
    capped, free = sender.webhooks([sink.url(), sink.url(204)], max_in_flight=100)
    limit(sender, capped, max_in_flight=cap, headers={"X-Gauged": "held"})
    if is_fast:  # known to be, so that a worker takes more than the cap
        with sender.app.app_context(), db.engine.begin() as connection:
            connection.execute(text("UPDATE webhooks SET last_duration_ms = 5 WHERE id = :id"), {"id": capped})
    owed = sender.owe([capped], count)
    await_(lambda: gauge.most >= cap)
    if is_fast:
        with sender.app.app_context(), db.engine.connect() as connection:
            held = connection.scalar(text("SELECT count(*) FROM deliveries WHERE state = 'sending'"))
        assert held > cap
    # Both workers look at what is due, of which all but these is for the webhook that can take no more; one of them may
    # have been so quick that nothing was left for the other.
    beside = set()
    while not beside or min(shares(sender)) == 0:
        assert len(beside) < 50 * others, "one worker makes all"
        beside.update(sender.owe([free], others))
        await_(lambda: gauge.times.keys() >= beside)
    gauge.go_on.set()
    assert sender.settle(0) is not None
    assert gauge.times == Counter(owed | beside), "all arrive, each once"
    assert gauge.most == cap
