"""What a worker costs that has nothing to do: `python -m tests.bench idle`."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests import postgresql
from tests.bench import report
from tests.bench.product import fresh

WARM_UP, SECONDS = 5.0, 20.0
AIM = 0.01


def measure(database_url: str | None, seconds: float) -> float:
    """Return the share of one core that an idle worker uses, kernel time included."""
    with fresh(1, database_url) as sender:
        sender.webhooks(["http://127.0.0.1:1/"] * 10)
        with sender.workers(1) as (worker,):
            time.sleep(WARM_UP)
            before, start = _cpu(worker.pid), time.monotonic()
            time.sleep(seconds)
            return (_cpu(worker.pid) - before) / (time.monotonic() - start)


def _cpu(pid: int) -> float:
    """Return the seconds of CPU that a process has used (proc(5): utime and stime, in ticks)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(quick: bool = False) -> str:
    """Return the figures as a Markdown table."""
    seconds = SECONDS / 4 if quick else SECONDS  # a tick is 10 ms: less would show nothing
    with postgresql.server() as running, postgresql.url(running) as url:
        found = [("SQLite", measure(None, seconds)), ("PostgreSQL", measure(url, seconds))]
    rows = [(name, f"{share:.2%} of a core", f"< {AIM:.0%}") for name, share in found]
    return report.table([f"Idle worker over {seconds:.0f} s", "CPU", "aim"], rows)
