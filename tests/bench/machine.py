"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import sqlite3
from pathlib import Path

from tests import postgresql
from tests.bench import report
from tests.bench.product import fresh


def describe() -> str:
    """Return a Markdown table of the machine and the versions; call it before the benches load the machine."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    cores = str(os.cpu_count())
    if hasattr(os, "sched_getaffinity"):
        cores = str(len(os.sched_getaffinity(0)))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    rows = [
        ("Cores", cores),
        ("CPU", _cpu()),
        ("RAM", f"{memory:.1f} GiB"),
        ("Kernel", f"{platform.system()} {platform.release()}"),
        ("Python", platform.python_version()),
        ("SQLite", f"{sqlite3.sqlite_version}, {_sqlite_mode()}"),
        ("PostgreSQL", postgresql.version()),
        ("Load before the run (1, 5, 15 min)", load),
    ]
    return report.table(["Machine", ""], rows)


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _sqlite_mode() -> str:
    """Return the modes of a connection as the product opens it."""
    with fresh(1) as sender:
        journal = sender.scalar("PRAGMA journal_mode")
        level = sender.scalar("PRAGMA synchronous")
    return f"journal_mode={journal}, synchronous={['OFF', 'NORMAL', 'FULL', 'EXTRA'][level]}"
