"""A process that is told to stop does, whatever it is busy with at that moment."""

from __future__ import annotations

import subprocess
import sys

import pytest

HOLDS_A_LOCK = """
import os, signal, threading
from shared import cli

lock, told = threading.Lock(), threading.Event()

def work():
    with lock:
        os.kill(os.getpid(), signal.{name})
    told.wait()
    print("ended")

def stop():
    with lock:
        told.set()

cli.run_until_told(work, stop)
"""

ENDS_BY_ITSELF = """
from shared import cli

def work():
    raise ZeroDivisionError

cli.run_until_told(work, lambda: None)
"""


def run(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_that_comes_while_a_lock_is_held_that_stopping_needs(name):
    done = run(HOLDS_A_LOCK.format(name=name))
    assert (done.returncode, done.stdout) == (0, "ended\n")


def test_work_that_fails_ends_the_process():
    done = run(ENDS_BY_ITSELF)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
