"""What a worker costs that has nothing to do: `python -m tests.bench idle`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench import product, report
from tests.bench.size import TINY, Size

WARM_UP, SECONDS = 5.0, 20.0
AIM = 0.01


def measure(running: Any, seconds: float) -> float:
    """Return the share of one core that an idle worker uses, kernel time included."""
    with product.fresh(1, running) as sender:
        sender.webhooks(["http://127.0.0.1:1/"] * 10)
        with sender.workers(1) as (worker,):
            time.sleep(min(WARM_UP, seconds))
            before, start = _cpu(worker.pid), time.monotonic()
            time.sleep(seconds)
            return (_cpu(worker.pid) - before) / (time.monotonic() - start)


def _cpu(pid: int) -> float:
    """Return the seconds of CPU that a process has used (proc(5): utime and stime, in ticks)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(size: Size) -> Iterator[str]:
    """Yield the figures as a Markdown table."""
    seconds = 0.5 if size == TINY else SECONDS / min(size.part, 4)  # a tick is 10 ms: less would show nothing
    with product.databases() as both:
        found = [(name, measure(running, seconds)) for name, running in both.items()]
    rows = [(name, f"{share:.2%} of a core", f"< {AIM:.0%}") for name, share in found]
    yield report.table([f"Idle worker over {seconds:g} s", "CPU", "aim"], rows)
