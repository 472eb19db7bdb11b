"""A sender as it runs for people: gunicorn and a worker in processes of their own, on a migrated database."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sender.app import create_app
from sender.models import db
from sender.settings import SenderSettings
from shared import migrations
from tests.sender.conftest import TOKEN

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Served:
    """Where the sender is reached; calling it calls its API."""

    port: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self.origin + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def webhook(self, url: str, **fields: Any) -> dict[str, Any]:
        return self("POST", "/api/v1/webhooks", {"name": "Billing", "url": url, "event_types": ["*"], **fields})

    def publish(self, slug: str = "payment_received", **payload: Any) -> str:
        """Publish an event for one webhook and return the id of its delivery."""
        (delivery,) = self("POST", "/api/v1/events", {"type": slug, "payload": payload})["deliveries"]
        return delivery["id"]


@contextmanager
def serving(url: str, folder: Path, **environment: str) -> Iterator[Served]:
    """Serve the sender on the database at `url`, with a worker; `environment` are further variables."""
    app = create_app(SenderSettings.load(data=folder, database_url=url))
    migrations.upgrade(app, db)
    with app.app_context():
        db.engine.dispose()
    given = {"HOOKLOOP_ADMIN_TOKEN": TOKEN, "SENDER_DATABASE_URL": url, "HOOKLOOP_DATA": str(folder), **environment}
    # The listening socket is handed down: nobody can take the port in between, and connecting needs no waiting.
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        port = listener.getsockname()[1]
        given |= {"PATH": os.environ["PATH"], "HOME": str(folder), "SENDER_PORT": str(port)}
        web = ["gunicorn", "-c", "sender/gunicorn.conf.py", "-b", f"fd://{listener.fileno()}"]
        processes = [
            _start(folder / "web.log", web, given, listener.fileno()),
            _start(folder / "worker.log", ["sender.cli", "worker"], given),
        ]
    try:
        yield Served(port)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def _start(log: Path, arguments: list[str], environment: dict[str, str], *descriptors: int) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        command = [sys.executable, "-m", *arguments]
        return subprocess.Popen(command, cwd=_ROOT, pass_fds=descriptors, stdout=output, stderr=output, env=environment)
