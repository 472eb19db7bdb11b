"""Starts a worker whose clock can be stepped, and which may trust one more certificate authority.

`python -m tests.faults.worker worker`, as `sender.cli`. The one fake is the time: `shared.clock.now` is the real
moment and the seconds that stand in the file FAULTS_CLOCK. FAULTS_AUTHORITY is the file of an authority (PEM).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sender import cli, transport
from sender.settings import SenderSettings
from shared import clock
from shared.http import Door


def _follow(file: Path) -> None:
    clock.now = lambda: datetime.now(UTC) + timedelta(seconds=float(file.read_text()))


def _trust(file: str) -> None:
    def open_door(settings: SenderSettings) -> Door:
        return Door(settings.allowed_targets, settings.limits, ca_file=file)

    transport.open_door = open_door


if __name__ == "__main__":
    if step := os.environ.get("FAULTS_CLOCK"):
        _follow(Path(step))
    if authority := os.environ.get("FAULTS_AUTHORITY"):
        _trust(authority)
    cli.worker()
