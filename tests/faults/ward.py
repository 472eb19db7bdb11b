"""Rows about endpoints: one worker lives through all of them, beside healthy webhooks, and its memory is watched."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from sender.models import db
from tests.bench import sink
from tests.faults import memory
from tests.faults.ground import SHORT, Ground, Sender, await_
from tests.faults.hostile import Hostile, endpoints
from tests.faults.memory import Memory
from tests.faults.verdict import Verdict, expect_recorded
from tests.ports import free_port
from tests.shared.certificates import Authority
from tests.shared.endpoints import Endpoint, listening, serving

WEBHOOKS = 4  # of either kind
HOSTILE_SHARE = 5  # of so many events one is for the hostile endpoint
LEASE = "10"


class Ward:
    """A sender with one worker, a healthy sink, and the port where hostile endpoints come and go."""

    def __init__(self, sender: Sender, healthy: sink.BenchSink, port: int, trap: Endpoint, authority: Authority):
        self._sender, self._healthy, self._port, self._trap = sender, healthy, port, trap
        self._authority = authority
        self._worker: subprocess.Popen = sender.start_worker(
            "tests.faults.worker", FAULTS_AUTHORITY=str(authority.file)
        )
        self._before: Memory | None = None
        self.endpoints = {one.name: one for one in endpoints(trap.port)}

    def run(self, hostile: Hostile, events: int) -> Verdict:
        """Deliver to the hostile endpoint and to healthy ones at once, then make it well and deliver the rest."""
        self._warm_up()
        bad, good = self._webhooks(hostile), self._sender.webhooks([self._healthy.url()] * WEBHOOKS)
        before = self._healthy.report()
        with self._listening(hostile) as endpoint:
            since = time.monotonic()
            owed_bad = self._sender.owe(bad, events // HOSTILE_SHARE)
            owed_good = self._sender.owe(good, events - events // HOSTILE_SHARE)
            await_(lambda: self._healthy.count() - before["count"] >= len(owed_good), self._worker)
            healthy = time.monotonic() - since
            await_(lambda: self._rests(bad), self._worker)
            outcomes, states = self._outcomes(bad), self._states(bad)
        well, seconds = self._recover(bad, hostile)
        after = self._healthy.report()
        first = Counter(_ids(endpoint)) if endpoint and hostile.outcome == "succeeded" else Counter()
        arrived = first + Counter(_ids(well))
        lost = len(owed_good - after["arrivals"].keys()) + len(owed_bad - arrived.keys())
        twice = after["count"] - before["count"] - len(owed_good & after["arrivals"].keys())
        verdict = Verdict(events, lost, twice + arrived.total() - len(arrived), seconds)
        verdict.note = f"{len(owed_good)} healthy in {healthy:.1f} s; {_words(outcomes)}"
        verdict.expect(seconds is not None, f"still owed at the end: {self._states(bad)}")
        verdict.expect(set(outcomes) == {hostile.outcome}, f"expected the outcome {hostile.outcome}")
        held = "succeeded" if hostile.outcome == "succeeded" else "pending"
        verdict.expect(set(states) == {held}, f"the deliveries were {states}")
        verdict.expect(self._trap.connections == 0, "the redirect was followed")
        expect_recorded(verdict, self._sender, lambda: self._healthy.count() - before["count"], _among(good))
        came = len(endpoint.requests if endpoint else ()) + len(well.requests)
        expect_recorded(verdict, self._sender, lambda: came + self._never_sent(bad), _among(bad))
        return verdict

    def _never_sent(self, bad: list[str]) -> int:
        """How many attempts ended before there was a connection to send a request on."""
        outcomes = self._outcomes(bad)
        return sum(outcomes.get(kind, 0) for kind in ("refused", "tls"))

    def mark(self) -> None:
        """Let the worker's memory be compared with what it is now."""
        self._before = memory.measure(self._worker.pid)

    def memory(self) -> str:
        """Return the worker's memory since the mark in words; more than may stay or pass is marked as failed."""
        after = memory.measure(self._worker.pid)
        if not (self._before and after):
            return "The worker's memory could not be measured."
        growth, peak = after.now - self._before.now, after.peak - self._before.now
        flat = growth < memory.FLAT and peak < memory.PEAK
        verdict = "flat" if flat else f"**FAILED: not below {memory.FLAT:.0f} and {memory.PEAK:.0f} MB**"
        return (
            f"Memory of the worker through the endpoint rows, which had all run once before: {self._before.now:.1f} MB "
            f"before, {after.now:.1f} MB after ({growth:+.1f} MB), {after.peak:.1f} MB at the peak ({peak:+.1f} MB): "
            f"{verdict}."
        )

    def _warm_up(self) -> None:
        """Before the first row: all threads have worked, and what is loaded once is loaded."""
        if self._before:
            return
        count = self._healthy.count()
        self._sender.owe(self._sender.webhooks([self._healthy.url()] * WEBHOOKS), 200)
        await_(lambda: self._healthy.count() >= count + 200 and self._sender.is_done(), self._worker)
        self.mark()

    def _webhooks(self, hostile: Hostile) -> list[str]:
        scheme = "https" if hostile.certificate else "http"
        urls = [f"{scheme}://127.0.0.1:{self._port}/{number}" for number in range(WEBHOOKS)]
        return self._sender.webhooks(urls)

    @contextlib.contextmanager
    def _listening(self, hostile: Hostile) -> Iterator[Endpoint | None]:
        if hostile.behave is None:
            yield None
            return
        tls = hostile.certificate(self._authority) if hostile.certificate else None
        with listening(hostile.behave, tls, self._port) as endpoint:
            yield endpoint

    def _recover(self, bad: list[str], hostile: Hostile) -> tuple[Endpoint, float | None]:
        """Let the endpoint be well, as a person says by activating its webhooks, and wait until nothing is owed."""
        tls: ssl.SSLContext | None = self._authority.server("127.0.0.1") if hostile.certificate else None
        with listening(serving(), tls, self._port) as well:
            since = time.monotonic()
            client, headers = self._sender.app.test_client(), {"Authorization": "Bearer bench-token"}
            for webhook in bad:
                for active in (False, True):  # as a person would: activating ends the rest
                    answer = client.patch(f"/api/v1/webhooks/{webhook}", json={"active": active}, headers=headers)
                    assert answer.status_code == 200, answer.text
            return well, self._sender.settle(since)

    def _rests(self, bad: list[str]) -> bool:
        """Whether each webhook has been tried and nothing is under way to any."""
        tried = self._count(bad, "SELECT count(DISTINCT webhook_id) FROM deliveries WHERE attempt_count > 0")
        return tried == len(bad) and not self._states(bad).get("sending") and not self._due(bad)

    def _due(self, bad: list[str]) -> int:
        """How many are neither finished nor held."""
        return self._count(bad, "SELECT count(*) FROM deliveries WHERE next_attempt_at IS NOT NULL")

    def _count(self, bad: list[str], query: str) -> int:
        return self._sender.scalar(f"{query} AND {_among(bad)}")

    def _states(self, bad: list[str]) -> dict[str, int]:
        return self._grouped(f"SELECT state, count(*) FROM deliveries WHERE {_among(bad)} GROUP BY state")

    def _outcomes(self, bad: list[str]) -> dict[str, int]:
        of = "FROM attempts JOIN deliveries ON deliveries.id = delivery_id"
        return self._grouped(f"SELECT outcome, count(*) {of} WHERE {_among(bad)} GROUP BY outcome")

    def _grouped(self, query: str) -> dict[str, int]:
        with self._sender.app.app_context(), db.engine.connect() as connection:
            return dict(connection.execute(text(query)).all())


@contextlib.contextmanager
def ward(ground: Ground) -> Iterator[Ward]:
    """Run a ward while the block lasts."""
    with contextlib.ExitStack() as stack:
        healthy = stack.enter_context(sink.listening())
        trap = stack.enter_context(listening(serving()))
        port = free_port()
        limits = {**SHORT, "SENDER_LEASE": LEASE}
        sender = stack.enter_context(ground.sender(healthy.port, port, **limits))
        authority = Authority(Path(sender.logs))
        yield Ward(sender, healthy, port, trap, authority)


def _among(webhook_ids: list[str]) -> str:
    return f"webhook_id IN ({', '.join(repr(one) for one in webhook_ids)})"


def _ids(endpoint: Endpoint) -> Iterator[str]:
    """The `webhook-id` of each request that arrived."""
    for request in endpoint.requests:
        yield next(
            line.split(b": ", 1)[1] for line in request.split(b"\r\n") if line.lower().startswith(b"webhook-id: ")
        ).decode()


def _words(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{count} attempts {kind}" for kind, count in sorted(outcomes.items()))
