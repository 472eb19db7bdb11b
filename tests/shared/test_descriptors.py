"""As many connections as there can be files open, and no more: at one that cannot be opened gunicorn would end."""

from __future__ import annotations

import contextlib
import http.client
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from shared import descriptors

_ROOT = Path(__file__).parents[2]
_LIMIT = 128
_LIMITED = (
    "import os, resource, sys;"
    f"resource.setrlimit(resource.RLIMIT_NOFILE, ({_LIMIT}, {_LIMIT}));"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
_HALF_A_REQUEST = b"GET /healthz HTTP/1.1\r\n"


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The soft and the hard limit, kept in a list."""
    limits = [1024, 4096]
    monkeypatch.setattr(resource, "getrlimit", lambda _which: tuple(limits))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, new: limits.__setitem__(slice(None), new))
    return limits


@pytest.mark.parametrize(("wanted", "soft"), [(1000, 1024), (2000, 2000), (5000, 4096)])
def test_the_limit_is_raised_as_far_as_is_wanted_and_allowed(limits: list[int], wanted: int, soft: int) -> None:
    assert descriptors.allow(wanted) == soft
    assert limits == [soft, 4096]


def test_no_limit_is_none(limits: list[int]) -> None:
    limits[:] = [resource.RLIM_INFINITY] * 2
    assert descriptors.allow(10_000) > 10_000
    limits[:] = [100, resource.RLIM_INFINITY]
    assert descriptors.allow(10_000) == 10_000
    assert limits == [10_000, resource.RLIM_INFINITY]


def test_a_limit_that_cannot_be_raised_stays(limits: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert descriptors.allow(2000) == limits[0]


@pytest.mark.parametrize(("hard", "connections"), [(4096, 1000), (1024, 832), (64, 8), (4, 1)])
def test_connections_leave_room_for_what_the_process_opens_itself(
    limits: list[int], hard: int, connections: int
) -> None:
    limits[:] = [min(1024, hard), hard]
    assert descriptors.for_connections(1000, threads=32) == connections


@pytest.mark.parametrize(("hard", "attempts"), [(4096, 256), (1024, 248), (64, 8), (20, 1)])
def test_attempts_leave_room_for_other_connections(limits: list[int], hard: int, attempts: int) -> None:
    limits[:] = [min(1024, hard), hard]
    assert descriptors.for_attempts(256) == attempts


@contextmanager
def _serving(service: str, folder: Path) -> Iterator[tuple[int, Path]]:
    """Serve with few descriptors; give the port and the log."""
    log, given = folder / "web.log", {"HOOKLOOP_DATA": str(folder), "PATH": os.environ["PATH"], "HOME": str(folder)}
    subprocess.run([sys.executable, "-m", f"{service}.cli", "migrate"], cwd=_ROOT, env=given, check=True)
    with socket.create_server(("127.0.0.1", 0), backlog=4 * _LIMIT) as listener, log.open("wb") as output:
        port = listener.getsockname()[1]
        command = ["-m", "gunicorn", "-c", f"{service}/gunicorn.conf.py", "-b", f"fd://{listener.fileno()}"]
        process = subprocess.Popen(
            [sys.executable, "-c", _LIMITED, *command],
            cwd=_ROOT,
            pass_fds=[listener.fileno()],
            stdout=output,
            stderr=output,
            env=given,
        )
    try:
        yield port, log
    finally:
        process.terminate()
        process.wait(30)


def _is_healthy(port: int) -> bool:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200


@pytest.mark.parametrize("service", ["sender", "receiver"])
def test_more_connections_than_there_can_be_files_end_no_web_process(service: str, tmp_path: Path) -> None:
    with _serving(service, tmp_path) as (port, log):
        assert _is_healthy(port)
        with ExitStack() as stack:
            for _ in range(2 * _LIMIT):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
                connection.sendall(_HALF_A_REQUEST)
        assert _is_healthy(port)
    said = log.read_text()
    assert "Too many open files" not in said
    assert "exited with code" not in said
