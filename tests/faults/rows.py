"""The rows of the matrix by name: what is broken, on which database, with how many events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults import servers, workers
from tests.faults.ground import Ground
from tests.faults.hostile import Hostile, endpoints
from tests.faults.verdict import Verdict

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
BOTH = (SQLITE, POSTGRESQL)


@dataclass(frozen=True)
class Row:
    """A fault; a `hostile` endpoint's row runs in the ward, any other by itself."""

    name: str
    title: str
    events: int
    databases: tuple[str, ...] = BOTH
    run: Callable[[Ground, int], Verdict] | None = None
    hostile: Hostile | None = None


_PROCESSES = [
    Row("worker-killed", "SIGKILL of the worker", 1000, run=workers.killed),
    Row("two-workers", "two workers on one queue", 1000, run=workers.two),
    Row("worker-stopped", "SIGTERM of the worker under load", 1000, run=workers.stopped),
    Row("clock-forwards", "clock stepped 1 h forwards", 500, run=workers.clock_forwards),
    Row("clock-back", "clock stepped 1 h back", 500, run=workers.clock_back),
    Row("web-killed", "SIGKILL of the web process amid publishing, twice", 500, run=servers.web_killed),
    Row("database-killed", "SIGKILL of the database server", 600, (POSTGRESQL,), servers.database_killed),
    Row("disk-full", "disk full", 600, (SQLITE,), servers.disk_full),
]
_ENDPOINTS = [
    Row(one.name, f"endpoint {one.title}", 250, hostile=one)
    for one in endpoints(trap=0)  # only the names are wanted here: the ward has its own, with a trap
]
ROWS = {row.name: row for row in [*_PROCESSES, *_ENDPOINTS]}
