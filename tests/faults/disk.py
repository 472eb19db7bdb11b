"""A disk that can be filled: a small one of its own where we may mount one, else a limit on the size of files."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SIZE = 32 * 2**20  # bytes of the small disk
CHUNK = b"\0" * 65536
LARGEST = 2**20  # bytes of a file where sizes are limited instead: what is logged stays below, what is stored does not


@dataclass
class Disk:
    """A folder for data whose disk can be full; `processes` are those that are limited where nothing is mounted."""

    folder: Path
    mounted: bool
    processes: list[int] = field(default_factory=list)

    @property
    def how(self) -> str:
        """In which way it fills up."""
        return f"tmpfs of {SIZE >> 20} MB" if self.mounted else "RLIMIT_FSIZE"

    def fill(self) -> None:
        """Leave no room for another byte."""
        if not self.mounted:
            self._limit(LARGEST)
            return
        with (self.folder / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while ballast.write(CHUNK):
                pass

    def free(self) -> None:
        """Make room."""
        if self.mounted:
            (self.folder / "ballast").unlink()
        else:
            self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        """No file grows beyond `size` bytes: SQLite then gets EFBIG where a full disk gives ENOSPC."""
        for pid in self.processes:
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


@contextlib.contextmanager
def small_disk(parent: Path) -> Iterator[Disk]:
    """Give a disk in `parent`; it is unmounted at the end. Raise OSError where neither way is open (not Linux)."""
    folder = parent / "data"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    may_mount = sys.platform == "linux" and os.geteuid() == 0
    if may_mount and subprocess.run(command, capture_output=True).returncode == 0:
        try:
            yield Disk(folder, mounted=True)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)])  # lazy: a connection of ours may still be open
    elif hasattr(resource, "prlimit"):
        yield Disk(folder, mounted=False)
    else:
        raise OSError("filling a disk needs Linux")
