"""A sender on an empty database, filled without HTTP, with as many worker processes as asked for."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import insert, select, text

from sender.app import create_app
from sender.core.signatures.secret_formats import WHSEC
from sender.models import CustomEventType, Delivery, Event, Webhook, db
from sender.services.context import CHANGES
from sender.settings import SenderSettings
from shared import changes, clock, ids, migrations
from tests import postgresql

PAYLOAD = '{"payment_id":118,"note":"' + "x" * 980 + '"}'  # 1 KB


class Product:
    """The sender's application and the environment that its processes get."""

    def __init__(self, folder: Path, port: int, database_url: str | None, **environment: str) -> None:
        self.environment = {
            "HOOKLOOP_DATA": str(folder),
            "HOOKLOOP_ADMIN_TOKEN": "bench-token",
            "SENDER_ALLOWED_TARGETS": f"127.0.0.1:{port}",
            "HOOKLOOP_LOG_LEVEL": "error",
            "SENDER_DATABASE_URL": database_url or "",
            **environment,
        }
        self.settings = SenderSettings.load(**self.environment)
        self.is_sqlite = not database_url
        self.path = folder / "sender.sqlite3"  # of the database, when it is SQLite
        self.app: Flask = create_app(self.settings)
        migrations.upgrade(self.app, db)

    def webhooks(self, urls: list[str], max_in_flight: int = 10) -> list[str]:
        """Register a webhook for each URL and return their ids."""
        now = clock.now()
        vault = self.app.extensions["hookloop_sender"].vault
        rows = [
            {
                "id": ids.new("whk", now),
                "name": f"Sink {number}",
                "url": url,
                "event_types": ["payment_received"],
                "active": True,
                "integration": "manual",
                "body_format": "standard",
                "signature": {"scheme": "standard"},
                "encrypted_secret": vault.lock(WHSEC.make(secrets.token_bytes(64))),
                "max_in_flight": max_in_flight,
                "created_at": now,
                "updated_at": now,
                "succeeded_count": 0,
                "failed_count": 0,
            }
            for number, url in enumerate(urls)
        ]
        with self.app.app_context(), db.engine.begin() as connection:
            connection.execute(insert(Webhook), rows)
        return [row["id"] for row in rows]

    def owe(self, webhook_ids: list[str], count: int) -> set[str]:
        """Make `count` events of 1 KB, each owed to one of the webhooks in turn; return their ids."""
        events, deliveries = [], []
        for number in range(count):
            now = clock.now()  # one of its own, as each published event has: ids are in the order of time
            event_id = ids.new("evt", now)
            events.append(
                {
                    "id": event_id,
                    "type": "payment_received",
                    "payload": PAYLOAD,
                    "test": False,
                    "created_at": now,
                    "digest": "0" * 64,
                }
            )
            deliveries.append(
                {
                    "id": ids.new("dlv", now),
                    "event_id": event_id,
                    "event_type": "payment_received",
                    "webhook_id": webhook_ids[number % len(webhook_ids)],
                    "state": "pending",
                    "test": False,
                    "created_at": now,
                    "next_attempt_at": now,
                    "attempt_count": 0,
                }
            )
        with self.app.app_context(), db.engine.begin() as connection:
            connection.execute(insert(Event), events)
            connection.execute(insert(Delivery), deliveries)
            changes.announce(connection, CHANGES)  # as publishing does
        return {event["id"] for event in events}

    def allow(self, target: str) -> None:
        """Let the processes started from now on deliver to one more target."""
        self.environment["SENDER_ALLOWED_TARGETS"] += f",{target}"

    def add_event_types(self, slugs: list[str]) -> None:
        """Add custom event types with an empty schema."""
        now = clock.now()
        rows = [
            {
                "slug": slug,
                "name": slug,
                "description": "",
                "example": "{}",
                "schema": {},
                "created_at": now,
                "updated_at": now,
            }
            for slug in slugs
        ]
        with self.app.app_context(), db.engine.begin() as connection:
            connection.execute(insert(CustomEventType), rows)

    def event_ids(self, slugs: list[str]) -> set[str]:
        """The ids of all events of these types."""
        with self.app.app_context(), db.engine.connect() as connection:
            return set(connection.scalars(select(Event.id).where(Event.type.in_(slugs))))

    def close(self) -> None:
        """Close this process's connections to the database; the next use opens new ones."""
        with self.app.app_context():
            db.engine.dispose()

    def scalar(self, query: str) -> Any:
        """The first column of the first row that a query gives."""
        with self.app.app_context(), db.engine.connect() as connection:
            return connection.scalar(text(query))

    def database_size(self) -> int:
        """The bytes of the database on the disk."""
        return (
            self.path.stat().st_size if self.is_sqlite else self.scalar("SELECT pg_database_size(current_database())")
        )

    def finished(self) -> int:
        """How many deliveries have succeeded, every attempt recorded."""
        return self.scalar("SELECT count(*) FROM deliveries WHERE state = 'succeeded'")

    def is_done(self) -> bool:
        """Whether nothing is owed; as cheap with a million finished deliveries as with none."""
        owed = (f"SELECT 1 FROM deliveries WHERE state = '{state}'" for state in ("pending", "sending"))
        return self.scalar(f"{' UNION ALL '.join(owed)} LIMIT 1") is None

    @contextlib.contextmanager
    def workers(self, count: int) -> Iterator[list[subprocess.Popen]]:
        """Run worker processes while the block lasts."""
        command = [sys.executable, "-m", "sender.cli", "worker"]
        processes = [subprocess.Popen(command, env=os.environ | self.environment) for _ in range(count)]
        try:
            yield processes
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                _await_end(process)


def _await_end(process: subprocess.Popen, seconds: float = 60) -> None:
    """Wait until a process that was asked to stop has ended; kill it and raise TimeoutExpired when it does not."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


@contextlib.contextmanager
def fresh(port: int, running: Any = None) -> Iterator[Product]:
    """Give a sender that may deliver to `port`, on an empty database: SQLite, or of the PostgreSQL server given."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        url = stack.enter_context(postgresql.url(running)) if running else None
        product = Product(Path(folder), port, url)
        yield product
        product.close()


@contextlib.contextmanager
def databases() -> Iterator[dict[str, Any]]:
    """Give the databases to measure by name, as `fresh` takes them: SQLite, and a PostgreSQL server that runs."""
    with postgresql.server() as running:
        yield {"SQLite": None, "PostgreSQL": running}


def await_workers(product: Product, count: int, seconds: float = 60) -> None:
    """Wait until so many workers have given a sign of life."""
    _await(lambda: product.scalar("SELECT count(*) FROM workers") >= count, seconds, f"{count} workers do not run")


def await_done(product: Product, seconds: float = 300) -> float:
    """Wait until nothing is owed and return the moment (CLOCK_MONOTONIC)."""
    _await(product.is_done, seconds, "deliveries are still owed")
    return time.monotonic()


def _await(is_so: Callable[[], bool], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{otherwise} after {seconds:g} s")
        time.sleep(0.02)
