"""The same work by others, on the same machine in the same run: `python -m tests.bench rivals`.

Each gets its jobs before its worker starts and is measured from the first arrival at the sink to the last. A short pass
finds with how many threads or processes it is fastest; then it and Hookloop take turns. Packages go into a temporary
environment; what can't be installed has a row that says so.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests import postgresql
from tests.bench import product, redis, report, sink
from tests.bench.size import Size
from tests.bench.throughput import EVENTS, by_turns, measure

FOLDER = Path(__file__).parent / "rival"
AIM = 2
SECONDS = 300  # after which a rival is given up
CELERY = ("celery[redis]", "requests")
PROCRASTINATE = ("procrastinate", "psycopg[binary]", "requests")
ROUNDS = 2
POOLS = {"threads": (2, 4, 8, 32), "prefork": (2, 4, 8)}  # of Celery, and how many to choose from
THREADS = (4, 8, 32, 64)  # of Procrastinate
KEPT = "every attempt: request, answer, times"

Race = Callable[[int, int], float]  # takes how many at once and how many POSTs; gives POSTs per second


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


def _celery(both: dict[str, Any], size: Size) -> Iterator[list[str]]:
    with _installed(CELERY) as programs, redis.serving() as broker:
        name = f"Celery {_version(programs, 'celery')}, Redis {redis.version()}"
        enqueue = [str(programs / "python"), "by_celery.py"]
        lean = ("--loglevel", "error", "--without-gossip", "--without-mingle", "--without-heartbeat")
        worker = [str(programs / "celery"), "-A", "by_celery", "worker", *lean]

        def race(pool: str) -> Race:
            def run(concurrency: int, events: int) -> float:
                options = ["--pool", pool, "--concurrency", str(concurrency)]
                return _race(enqueue, [*worker, *options], events, RIVAL_BROKER=broker)

            return run

        rivals = {f"{name}, {pool}": (race(pool), choices) for pool, choices in POOLS.items()}
        others = dict(zip(rivals, (("SQLite", 1), ("SQLite", 2)), strict=True))
        yield from _compare(rivals, others, "nothing", both, size)


def _procrastinate(both: dict[str, Any], size: Size) -> Iterator[list[str]]:
    running = both["PostgreSQL"]
    with _installed(PROCRASTINATE) as programs:
        call = "import by_procrastinate; by_procrastinate.main('{}')"
        steps = [[str(programs / "python"), "-c", call.format(verb)] for verb in ("enqueue", "work")]

        def race(concurrency: int, events: int) -> float:
            with postgresql.database(running) as database:
                given = {"RIVAL_DATABASE": running.get_uri(database=database), "RIVAL_CONCURRENCY": str(concurrency)}
                return _race(*steps, events, **given)

        name = f"Procrastinate {_version(programs, 'procrastinate')}, the same PostgreSQL, threads"
        others = {name: ("PostgreSQL", 1)}
        yield from _compare({name: (race, THREADS)}, others, "that the job succeeded, and when", both, size)


def _compare(
    rivals: dict[str, tuple[Race, Sequence[int]]],
    others: dict[str, tuple[str, int]],
    kept: str,
    both: dict[str, Any],
    size: Size,
) -> Iterator[list[str]]:
    """Yield the rows of some rivals, each at its best, and of what they are compared with: Hookloop on a database."""
    events = size.of(EVENTS)
    best: dict[str, int] = {}
    for name, (race, choices) in rivals.items():
        best[name] = max(choices, key=lambda number, race=race: race(number, max(events // 10, 500)))
    turns = {name: lambda name=name, race=race: race(best[name], events) for name, (race, _) in rivals.items()}
    for database, workers in others.values():
        turns[_title(database, workers)] = lambda given=(workers, both[database], events): measure(*given)
    found = by_turns(turns, size.rounds(ROUNDS))
    for name, other in others.items():
        ours, speeds = found[_title(*other)], found[name]
        ratios = report.spread([our / speed for our, speed in zip(ours, speeds, strict=True)])
        yield [_title(*other), report.rate(statistics.median(ours)), KEPT, "", ""]
        yield [f"{name}: {best[name]}", report.rate(statistics.median(speeds)), kept, ratios, f"≥ {AIM}"]


def _title(database: str, workers: int) -> str:
    return f"Hookloop, {database}, {workers} worker{'s' * (workers > 1)}"


def _rows(name: str, rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield the rows of a rival, or one that says why there are none."""
    try:
        yield from rows
    except (Unavailable, redis.Unavailable, OSError, subprocess.SubprocessError) as error:
        yield [name, str(error), "", "", ""]


def run(size: Size) -> Iterator[str]:
    """Yield the figures as a Markdown table."""
    tried = "; ".join(f"Celery's {pool}: {', '.join(map(str, choices))}" for pool, choices in POOLS.items())
    yield f"Tried in a short pass, the best is shown: {tried}; Procrastinate's threads: {', '.join(map(str, THREADS))}."
    with product.databases() as both:
        rows = [*_rows("Celery", _celery(both, size)), *_rows("Procrastinate", _procrastinate(both, size))]
    head = [f"{size.of(EVENTS):,} POSTs of 1 KB", "done", "kept of each", "Hookloop before ÷ this", "aim"]
    yield report.table(head, rows)
