"""How much memory a process holds, by Linux's account of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FLAT = 12.0  # MB that a second round may add: about 5 are seen, and 21 where every answer is kept
PEAK = 30.0  # MB that the peak may stand above that before the second round


@dataclass(frozen=True)
class Memory:
    """Megabytes that a process holds now, and that it has held at most."""

    now: float
    peak: float


def measure(pid: int) -> Memory | None:
    """Return the memory of a process; None where there is no such account (not Linux)."""
    file = Path(f"/proc/{pid}/status")
    if not file.exists():
        return None
    found = dict(re.findall(r"(?m)^(VmRSS|VmHWM):\s+(\d+) kB", file.read_text()))
    return Memory(int(found["VmRSS"]) / 1024, int(found["VmHWM"]) / 1024)
