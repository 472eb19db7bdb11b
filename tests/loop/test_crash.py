"""A worker that is killed or stopped amid deliveries loses none, and one that is stopped makes none twice."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select

from sender.app import create_app
from sender.models import Attempt, Delivery, db
from sender.services.events import EventDraft, publish
from sender.settings import SenderSettings
from shared import migrations
from tests.databases import empty_database
from tests.receiver.conftest import opened, serving
from tests.receiver.factories import add_bin, bin_of, captures_of

ROOT = Path(__file__).parents[2]
TOKEN = "test-token-of-the-crash"
PATIENCE = 90  # seconds after which what does not happen counts as a hang


@dataclass
class Loop:
    """A receiver that runs, a sender's database with events for one of its bins, and workers to be started."""

    folder: Path
    sender: Flask
    sender_url: str
    receiver_port: int
    receiver: Engine
    slug: str = field(default_factory=lambda: f"crash-{secrets.token_hex(4)}")
    events: list[str] = field(default_factory=list)
    webhook_id: str = ""

    def publish(self, count: int) -> None:
        """Make a bin whose answers take a while, a webhook for it, and `count` events."""
        slowly = '{"sequence": [{"status": 200, "delay_ms": 30}], "repeat": "last"}'
        add_bin(self.receiver, self.slug, response=slowly)
        client, given = self.sender.test_client(), {"Authorization": f"Bearer {TOKEN}"}
        url = f"http://127.0.0.1:{self.receiver_port}/b/{self.slug}"
        webhook = {"name": self.slug, "url": url, "event_types": ["payment_received"]}
        answer = client.post("/api/v1/webhooks", json=webhook, headers=given)
        assert answer.status_code == 201, answer.text
        self.webhook_id = answer.get_json()["id"]
        with self.sender.app_context():
            for number in range(count):
                draft = EventDraft("payment_received", {"number": number})
                published = publish(self.sender.extensions["hookloop_sender"], draft)
                self.events.append(published.id)

    @contextmanager
    def working(self, **environment: str):
        """Run a worker; it is killed at the end if it still runs."""
        given = {
            "PATH": os.environ["PATH"],
            "HOOKLOOP_DATA": str(self.folder),
            "HOOKLOOP_ADMIN_TOKEN": TOKEN,
            "SENDER_DATABASE_URL": self.sender_url,
            "SENDER_ALLOWED_TARGETS": f"127.0.0.1:{self.receiver_port}",
            **environment,
        }
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen([sys.executable, "-m", "sender.cli", "worker"], cwd=ROOT, env=given, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def captured(self) -> int:
        """How many requests the bin has got so far."""
        return bin_of(self.receiver, self.slug).captured_count

    def states(self) -> Counter[str]:
        """How many of the deliveries are in each state."""
        query = select(Delivery.state, func.count()).where(Delivery.webhook_id == self.webhook_id)
        with self.sender.app_context(), db.engine.connect() as connection:
            return Counter(dict(connection.execute(query.group_by(Delivery.state)).all()))

    def attempts(self) -> int:
        query = select(func.count()).select_from(Attempt).join(Delivery).where(Delivery.webhook_id == self.webhook_id)
        with self.sender.app_context(), db.engine.connect() as connection:
            return connection.scalar(query)

    def arrivals(self) -> Counter[str]:
        """How often each `webhook-id` arrived."""
        return Counter(dict(capture.headers)["webhook-id"] for capture in captures_of(self.receiver, self.slug))


def await_(happened, process: subprocess.Popen[bytes]) -> None:
    """Wait until `happened()` is true while the worker runs."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert process.poll() is None, "the worker ended"
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


@pytest.fixture(params=["sqlite", "postgresql"])
def loop(request, tmp_path):
    with ExitStack() as stack:
        folders = [tmp_path / name for name in ("sender", "receiver")]
        for folder in folders:
            folder.mkdir()
        sender_url, receiver_url = (
            stack.enter_context(empty_database(request.param, request, folder)) for folder in folders
        )
        server = stack.enter_context(serving(receiver_url, folders[1], RECEIVER_WORKERS="1"))
        receiver = stack.enter_context(opened(receiver_url))
        settings = SenderSettings(
            data=folders[0],
            database_url=sender_url,
            admin_token=TOKEN,
            allowed_targets_text=f"127.0.0.1:{server.port}",
        )
        sender = create_app(settings)
        migrations.upgrade(sender, db)
        yield Loop(folders[0], sender, sender_url, server.port, receiver)
        with sender.app_context():
            db.session.remove()
            db.engine.dispose()


def test_after_a_kill_every_event_arrives(loop):
    loop.publish(500)
    with loop.working(SENDER_LEASE="5", SENDER_TOTAL_TIMEOUT="4") as worker:
        await_(lambda: loop.captured() >= 100, worker)
        worker.kill()
        worker.wait()
    at_the_kill, arrived = loop.states(), loop.captured()
    assert 100 <= arrived < 500, at_the_kill
    assert at_the_kill["succeeded"] > 0, at_the_kill
    assert at_the_kill["pending"] > 0, at_the_kill
    assert at_the_kill["sending"] > 0, "nothing was under way: the kill proves little"
    with loop.working() as worker:
        await_(lambda: loop.states() == {"succeeded": 500}, worker)
    arrivals = loop.arrivals()
    twice = arrivals.total() - 500
    print(f"\nkilled at {dict(at_the_kill)}: {twice} of 500 events arrived once more")  # noqa: T201  # of interest with -s
    assert set(arrivals) == set(loop.events)
    assert arrivals.total() <= loop.attempts() + at_the_kill["sending"], "more than what was under way came again"


def test_a_worker_that_is_asked_to_stop_finishes_what_is_under_way(loop):
    loop.publish(200)
    with loop.working(SENDER_SHUTDOWN_GRACE="60") as worker:
        await_(lambda: loop.captured() >= 40, worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0
    at_the_stop = loop.states()
    assert at_the_stop["pending"] > 0, "all was done before the stop: it proves nothing"
    assert at_the_stop["sending"] == 0
    assert loop.captured() == at_the_stop["succeeded"]
    with loop.working() as worker:
        await_(lambda: loop.states() == {"succeeded": 200}, worker)
    assert loop.arrivals() == Counter(loop.events)
    assert loop.attempts() == 200
