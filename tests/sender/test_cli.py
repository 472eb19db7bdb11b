"""The command line's health check of the worker."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta

from sqlalchemy import insert, update

from sender.models import WorkerProcess, db
from shared import clock
from shared.database import writing_connection


def check(app):
    settings = app.extensions["hookloop_sender"].settings
    environment = os.environ | {"SENDER_DATABASE_URL": settings.url, "HOOKLOOP_DATA": str(settings.data)}
    command = [sys.executable, "-m", "sender.cli", "check"]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_it_tells_whether_a_worker_lives(app):
    assert (check(app).returncode, check(app).stderr) == (1, "no delivery worker runs\n")
    now = clock.now()
    with app.app_context(), writing_connection(db.engine) as connection:
        row = {"id": "wrk_1", "name": "test", "started_at": now, "seen_at": now}
        connection.execute(insert(WorkerProcess), [row])
    assert check(app).returncode == 0
    with app.app_context(), writing_connection(db.engine) as connection:
        connection.execute(update(WorkerProcess).values(seen_at=now - timedelta(minutes=1)))
    assert check(app).returncode == 1
