"""A process that is to stop does so without work that nobody needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
from shared.ending import leave_garbage

class Cycle:
    def __init__(self):
        self.itself = self

    def __del__(self):
        print("looked for")

Cycle()
{}
"""


@pytest.mark.parametrize(("last", "said"), [("pass", "looked for\n"), ("leave_garbage()", "")])
def test_its_last_act_is_no_look_for_garbage(last: str, said: str) -> None:
    program = PROGRAM.format(last)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == (said, "")
