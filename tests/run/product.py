"""Starts the whole product for tests as the README says, `make run`, and ends it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 60  # seconds after which a test calls a thing that does not happen a hang


@dataclass
class Product:
    """A `make run` with its files of output; `processes` are all that belonged to it when it was ready."""

    process: subprocess.Popen[bytes]
    folder: Path
    sender_port: int
    receiver_port: int
    processes: set[int] = field(default_factory=set)

    @property
    def sender(self) -> str:
        return f"http://127.0.0.1:{self.sender_port}"

    @property
    def receiver(self) -> str:
        return f"http://127.0.0.1:{self.receiver_port}"

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text()

    @property
    def complaints(self) -> list[str]:
        """What stands on stderr, without make's own word that the recipe failed."""
        lines = (self.folder / "errors").read_text().splitlines()
        return [line for line in lines if not line.startswith("make: ")]

    @property
    def sign_in_links(self) -> list[str]:
        return re.findall(r"http://\S+/sign-in\?token=\S+", self.output)

    def wait_until_ready(self) -> None:
        for origin in (self.sender, self.receiver):
            await_(lambda origin=origin: self.process.poll() is not None or answers(f"{origin}/readyz"))
        await_(lambda: self.process.poll() is not None or "worker ready" in self.output)
        assert self.process.poll() is None, self.complaints
        self.processes = descendants(self.process.pid)

    def interrupt(self) -> None:
        """Send SIGINT as a terminal does for Ctrl-C: to every process of the foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def terminate(self) -> None:
        """Send SIGTERM as a supervisor does: to the one process that it started."""
        self.process.terminate()

    def wait(self) -> int:
        """Return the exit code once the product has ended."""
        return self.process.wait(PATIENCE)

    def left_over(self) -> set[int]:
        """The processes that run still."""
        return self.processes & running_processes()


@contextmanager
def make_run(folder: Path, **environment: str) -> Iterator[Product]:
    """Run `make run` with the interpreter of the tests and all its files in `folder`.

    `environment` are further variables. Running it twice in a folder finds what was there.
    """
    sender, receiver = free_port(), free_port()
    bin_folder = Path(sys.executable).parent
    ports = {"SENDER_PORT": str(sender), "RECEIVER_PORT": str(receiver)}
    given = {"HOOKLOOP_DATA": str(folder / "data"), **ports, **environment}
    with (folder / "output").open("wb") as output, (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(
            ["make", "run", f"BIN={bin_folder}", "-o", ".venv/run"],  # what is installed already is not installed again
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONUNBUFFERED": "1", **given},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            process_group=0,
        )
    product = Product(process, folder, sender, receiver)
    try:
        yield product
    finally:
        doomed = product.left_over() | descendants(process.pid)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        for pid in doomed:
            kill(pid)
        process.wait()


def answers(url: str) -> bool:
    """Return whether `url` answers with 200."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError):
        return False


def await_(happened, every: float = 0.02) -> None:
    """Wait until `happened()` is true; fail when it hangs."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(every)


def process_table() -> dict[int, int]:
    """Return the parent of each process that runs, without those that ended and only wait to be counted."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)
    rows = (line.split() for line in listed.stdout.splitlines())
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}


def running_processes() -> set[int]:
    return set(process_table())


def descendants(root: int) -> set[int]:
    """Return the processes that `root` started, and those that they started, and so on."""
    parents = process_table()
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {root}


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
