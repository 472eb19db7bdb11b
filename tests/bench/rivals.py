"""The same work by others, on the same machine in the same run: `python -m tests.bench rivals`.

Each gets its jobs before its worker starts and is measured from the first arrival at the sink to the last. Packages go
into a temporary environment; what can't be installed has a row that says so.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests import postgresql
from tests.bench import product, redis, report, sink
from tests.bench.size import Size
from tests.bench.throughput import EVENTS, measure

FOLDER = Path(__file__).parent / "rival"
AIM = 2
SECONDS = 300  # after which a rival is given up
CELERY = ("celery[redis]", "requests")
PROCRASTINATE = ("procrastinate", "psycopg[binary]", "requests")
CONCURRENCY = "32"


class Unavailable(Exception):
    """Why a rival could not be measured."""


@contextlib.contextmanager
def _installed(packages: tuple[str, ...]) -> Iterator[Path]:
    """Give the `bin` of a temporary environment with these packages."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        programs = Path(folder) / "bin"
        command = [programs / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Unavailable(f"not installed: {(done.stderr.strip().splitlines() or ['pip failed'])[-1]}")
        yield programs


def _version(programs: Path, package: str) -> str:
    code = f"import importlib.metadata; print(importlib.metadata.version({package!r}))"
    return subprocess.run([programs / "python", "-c", code], capture_output=True, text=True).stdout.strip()


def _race(enqueue: list[str], work: list[str], events: int, **environment: str) -> float:
    """Enqueue, then work until all has arrived; return POSTs per second."""
    with sink.listening() as endpoint:
        given = os.environ | environment | {"RIVAL_URL": endpoint.url(), "RIVAL_COUNT": str(events)}
        subprocess.run(enqueue, cwd=FOLDER, env=given, check=True)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(work, cwd=FOLDER, env=given, **quiet) as worker:
            try:
                _await_arrivals(endpoint, events, worker)
            finally:
                worker.terminate()
        times = endpoint.report()["arrivals"].values()
        return events / (max(times) - min(times))


def _await_arrivals(endpoint: sink.BenchSink, events: int, worker: subprocess.Popen) -> None:
    deadline = time.monotonic() + SECONDS
    while (count := endpoint.count()) < events:
        if worker.poll() is not None or time.monotonic() > deadline:
            raise Unavailable(f"stopped after {count:,} of {events:,}")
        time.sleep(0.1)


def _celery(events: int, ours: dict[str, float]) -> Iterator[list[str]]:
    with _installed(CELERY) as programs, redis.serving() as broker:
        name = f"Celery {_version(programs, 'celery')}, Redis {redis.version()}"
        enqueue = [str(programs / "python"), "by_celery.py"]
        worker = [str(programs / "celery"), "-A", "by_celery", "worker", "--loglevel", "error"]
        pools = {
            f"{CONCURRENCY} threads": (["--pool", "threads", "--concurrency", CONCURRENCY], "SQLite, 1 worker"),
            "2 processes (prefork)": (["--concurrency", "2"], "SQLite, 2 workers"),
        }
        for pool, (options, other) in pools.items():
            speed = _race(enqueue, [*worker, *options], events, RIVAL_BROKER=broker)
            yield _row(f"{name}, {pool}", speed, "nothing", other, ours)


def _procrastinate(events: int, ours: dict[str, float], running: Any) -> Iterator[list[str]]:
    with _installed(PROCRASTINATE) as programs, postgresql.database(running) as database:
        call = "import by_procrastinate; by_procrastinate.main('{}')"
        steps = ([str(programs / "python"), "-c", call.format(verb)] for verb in ("enqueue", "work"))
        uri = running.get_uri(database=database)
        speed = _race(*steps, events, RIVAL_DATABASE=uri)
        name = f"Procrastinate {_version(programs, 'procrastinate')}, the same PostgreSQL, {CONCURRENCY} threads"
        yield _row(name, speed, "that the job succeeded, and when", "PostgreSQL, 1 worker", ours)


def _row(name: str, speed: float, kept: str, other: str, ours: dict[str, float]) -> list[str]:
    return [name, report.rate(speed), kept, other, report.ratio(ours[other] / speed), f"≥ {AIM}"]


def _rows(name: str, rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield the rows of a rival, or one that says why there are none."""
    try:
        yield from rows
    except (Unavailable, redis.Unavailable, OSError, subprocess.SubprocessError) as error:
        yield [name, str(error), "", "", "", ""]


def run(size: Size) -> Iterator[str]:
    """Yield the figures as a Markdown table."""
    events = size.of(EVENTS)
    with product.databases() as both:
        ours = {
            f"{name}, {workers} worker{'s' * (workers > 1)}": measure(workers, server, events)
            for name, server in both.items()
            for workers in (1, 2)
        }
        kept = "every attempt: request, answer, times"
        rows = [[f"Hookloop, {name}", report.rate(speed), kept, "", "", ""] for name, speed in ours.items()]
        rows += _rows("Celery", _celery(events, ours))
        rows += _rows("Procrastinate", _procrastinate(events, ours, both["PostgreSQL"]))
    head = [f"{events:,} POSTs of 1 KB", "done", "kept of each", "beside Hookloop's", "Hookloop ÷ this", "aim"]
    yield report.table(head, rows)
