"""The ground that a row stands on: a sender on an empty database, and processes of it that may be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from sender.models import db
from tests import postgresql
from tests.bench import web
from tests.bench.product import Product

PATIENCE = 60.0  # seconds after which what does not happen counts as a hang
SHORT = {"SENDER_TOTAL_TIMEOUT": "2", "SENDER_LEASE": "3", "SENDER_CONNECT_TIMEOUT": "1", "SENDER_READ_TIMEOUT": "1.5"}
RETRIES = ",".join(["0.5"] * 40)


class Sender(Product):
    """A sender whose processes write what they say to files in `logs`, and are killed at the end."""

    logs: Path
    processes: list[subprocess.Popen]

    def start_worker(self, module: str = "sender.cli", **environment: str) -> subprocess.Popen:
        """Start a delivery worker: the product's own, or another starter of it."""
        given = os.environ | self.environment | environment
        with self._log("worker").open("wb") as log:
            process = subprocess.Popen([sys.executable, "-m", module, "worker"], env=given, stderr=log)
        self.processes.append(process)
        return process

    def start_web(self, port: int) -> subprocess.Popen:
        """Start the web process in a process group of its own and return it once it takes connections."""
        with self._log("web").open("wb") as log:
            process = web.start(self, port, process_group=0, stderr=log)
        self.processes.append(process)
        return process

    def said(self, name: str) -> str:
        """What a process has logged: `worker-0` is the first worker, `web-0` the first web process."""
        return (self.logs / f"{name}.log").read_text()

    def states(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        with self.app.app_context(), db.engine.connect() as connection:
            return dict(connection.execute(text("SELECT state, count(*) FROM deliveries GROUP BY state")).all())

    def workers_ready(self) -> int:
        """How many workers have given a sign of life."""
        return self.scalar("SELECT count(*) FROM workers")

    def settle(self, since: float) -> float | None:
        """Wait until nothing is owed and return the seconds since `since`; None when that does not come."""
        with contextlib.suppress(TimeoutError):
            await_(self.is_done)
            return time.monotonic() - since
        return None

    def end(self) -> None:
        """Kill what still runs."""
        for process in self.processes:
            kill(process)
        self.close()

    def _log(self, kind: str) -> Path:
        return self.logs / f"{kind}-{len(list(self.logs.glob(f'{kind}-*.log')))}.log"


@dataclass(frozen=True)
class Ground:
    """Empty databases of one kind; `server` is the PostgreSQL, None for SQLite."""

    server: Any = None

    @property
    def database(self) -> str:
        """The kind's name."""
        return "PostgreSQL" if self.server else "SQLite"

    @contextlib.contextmanager
    def sender(self, *targets: int, folder: Path | None = None, **environment: str) -> Iterator[Sender]:
        """Give a sender that may deliver to ports of 127.0.0.1; its data is in `folder` or in one that goes again."""
        with contextlib.ExitStack() as stack:
            logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = stack.enter_context(postgresql.url(self.server)) if self.server else None
            allowed = ",".join(f"127.0.0.1:{port}" for port in targets)
            given = {"SENDER_ALLOWED_TARGETS": allowed, "SENDER_RETRY_SCHEDULE": RETRIES, **environment}
            sender = Sender(folder or logs / "data", targets[0], url, **given)
            sender.logs, sender.processes = logs, []
            stack.callback(sender.end)
            yield sender


def await_(happened: Callable[[], bool], *alive: subprocess.Popen, seconds: float = PATIENCE) -> None:
    """Wait until it happened; raise TimeoutError when it does not, RuntimeError when a process in `alive` ends."""
    deadline = time.monotonic() + seconds
    while not happened():
        if any(process.poll() is not None for process in alive):
            raise RuntimeError("a process ended that should not")
        if time.monotonic() > deadline:
            raise TimeoutError(f"it did not happen within {seconds:.0f} s")
        time.sleep(0.01)


def kill(process: subprocess.Popen) -> None:
    """End a process at once with SIGKILL, with its whole group when it leads one."""
    if process.poll() is None:
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
