"""Whoever waits for its turn at writing to a SQLite file is told when it does not come, and whose fault that is."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from shared import turn as turns
from shared.database import is_outage
from shared.turn import turn

FREEZE = """
import fcntl, os, signal, sys
with open(sys.argv[1], "ab") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("has it", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.fixture
def engine(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    yield engine
    engine.dispose()


@pytest.fixture
def frozen(engine):
    """A process that has the turn, and is stopped."""
    command = [sys.executable, "-c", FREEZE, f"{engine.url.database}.turn"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"has it\n"
        yield process
        process.kill()


def take(engine):
    with turn(engine):
        return True


def test_a_frozen_process_that_has_the_turn_is_named_and_the_others_go_on_when_it_does(engine, frozen, monkeypatch):
    monkeypatch.setattr(turns, "_LONGEST_WAIT", 0.2)
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(take, engine) for _ in range(4)]
        try:
            told = list(islice(as_completed(waiting, timeout=30), 3))  # the fourth waits for the file itself
        finally:
            frozen.send_signal(signal.SIGCONT)
    errors = [future.exception() for future in told]
    assert all(isinstance(error, OperationalError) and is_outage(error) for error in errors)
    if sys.platform == "linux":
        assert all(f"process {frozen.pid} has had the turn" in str(error) for error in errors)
    (last,) = set(waiting) - set(told)
    assert last.result()
    assert take(engine)
