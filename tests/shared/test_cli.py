"""What the command lines of both services say to somebody who does not know them yet."""

from __future__ import annotations

import subprocess
import sys

import pytest


def call(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", program, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("program", "commands"),
    [
        ("sender.cli", ["prepare", "migrate", "worker", "check", "new-secrets"]),
        ("receiver.cli", ["prepare", "migrate"]),
    ],
)
def test_help_says_what_each_command_does(program: str, commands: list[str]) -> None:
    told = call(program, "--help")
    assert told.returncode == 0
    for line, command in zip(told.stdout.splitlines()[2:], commands, strict=True):
        name, words = line.split(maxsplit=1)
        assert name == command
        assert words.endswith(".")


@pytest.mark.parametrize("words", [[], ["nonsense"], ["check", "twice"]])
def test_what_there_is_not_is_answered_with_what_there_is(words: list[str]) -> None:
    told = call("sender.cli", *words)
    assert told.returncode == 2
    assert told.stderr == "usage: python -m sender.cli {prepare|migrate|worker|check|new-secrets}; --help says more\n"
