"""The command line: the health check of the worker, and what it says of a database that it does not know."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta

from sqlalchemy import insert, text, update

from sender.models import WorkerProcess, db
from shared import clock
from shared.database import writing_connection


def run(app, command):
    settings = app.extensions["hookloop_sender"].settings
    environment = os.environ | {"SENDER_DATABASE_URL": settings.url, "HOOKLOOP_DATA": str(settings.data)}
    line = [sys.executable, "-m", "sender.cli", command]
    return subprocess.run(line, env=environment, capture_output=True, text=True)


def check(app):
    return run(app, "check")


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


def test_a_database_of_a_newer_version_is_left_as_it_is(app):
    with app.app_context(), writing_connection(db.engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    ended = run(app, "migrate")
    assert ended.returncode == 2
    assert ended.stderr.startswith(
        "hookloop: SENDER_DATABASE_URL: the database has the version 9999, which is not known"
    )
