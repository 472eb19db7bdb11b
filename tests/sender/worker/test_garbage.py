"""A worker looks for garbage rarely, but does: cycles do not pile up for ever."""

from __future__ import annotations

import subprocess
import sys

from sender.cli import _NEW_OBJECTS

CYCLES = 2 * _NEW_OBJECTS
PROGRAM = f"""
import weakref
from sender.cli import _collect_less_often

class Failure(Exception):
    pass

def fail():
    try:
        raise Failure
    except Failure as error:
        kept = error  # its traceback holds this frame, which holds it
        return weakref.ref(kept)

_collect_less_often()
alive, most = [], 0
for number in range({CYCLES}):
    alive.append(fail())
    if number % 1_000 == 0:
        alive = [one for one in alive if one() is not None]
        most = max(most, len(alive))
print(most)
"""


def test_failures_that_hold_themselves_are_collected_in_time():
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert 0 < int(ended.stdout) <= _NEW_OBJECTS
