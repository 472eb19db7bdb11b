"""Rows about what publishing and delivering stand on: the web process, the database server, the disk."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from tests import postgresql
from tests.bench import sink
from tests.faults.disk import small_disk
from tests.faults.ground import SHORT, Ground, await_, kill
from tests.faults.publisher import publishing
from tests.faults.verdict import Verdict, expect_recorded, judge
from tests.ports import free_port
from tests.run.product import descendants, running_processes

ANSWER_AFTER = 0.005  # seconds that the sink takes
DOWN = 1.0  # seconds that the database server stays away, or the disk full
FILLED = "the database failed"  # what a worker logs that cannot write


def web_killed(ground: Ground, events: int) -> Verdict:
    """SIGKILL of the web process, twice, while a client publishes, each event until it has an answer."""
    with sink.listening(ANSWER_AFTER) as target, ground.sender(target.port) as sender:
        sender.webhooks([target.url()], max_in_flight=32)
        worker, port = sender.start_worker(), free_port()
        process = sender.start_web(port)
        with publishing(port, events) as publisher:
            for part in (1, 2):
                await_(lambda part=part: len(publisher.accepted) >= events * part // 3, worker)
                kill(process)
                since = time.monotonic()
                process = sender.start_web(port)
        verdict = judge(target, publisher.accepted.values(), sender.settle(since))
        publisher.check(sender, verdict)
        expect_recorded(verdict, sender, target.count)
    verdict.note = publisher.note()
    verdict.expect(publisher.refusals[0] > 0, "the client noticed nothing: the kill proves nothing")
    verdict.expect(verdict.duplicates == 0, "an event came twice")
    return verdict


def database_killed(ground: Ground, events: int) -> Verdict:
    """SIGKILL of the PostgreSQL server, all its processes, amid publishing and deliveries; it is started again."""
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(sink.listening(ANSWER_AFTER))
        server = stack.enter_context(postgresql.server())  # one of its own, so that no other row is harmed
        sender = stack.enter_context(Ground(server).sender(target.port, **SHORT))
        sender.webhooks([target.url()], max_in_flight=32)
        worker, port = sender.start_worker(), free_port()
        process = sender.start_web(port)
        with publishing(port, events) as publisher:
            await_(lambda: target.count() >= events // 3, worker, process)
            _kill_server(server)
            time.sleep(DOWN)  # the time that it is down
            _start_server(server)
            since = time.monotonic()
        sender.close()  # this process's connections are cut too
        verdict = judge(target, publisher.accepted.values(), sender.settle(since))
        publisher.check(sender, verdict)
        expect_recorded(verdict, sender, target.count)
        verdict.expect(worker.poll() is None and process.poll() is None, "a process of the sender ended")
        verdict.expect(FILLED in sender.said("worker-0"), "the worker noticed nothing: the kill proves nothing")
    verdict.note = f"down for {DOWN:.0f} s; {publisher.note()}"
    return verdict


def disk_full(ground: Ground, events: int) -> Verdict:
    """The disk fills up amid publishing and deliveries, and is freed a second later."""
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(sink.listening(ANSWER_AFTER))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        disk = stack.enter_context(small_disk(folder))
        sender = stack.enter_context(ground.sender(target.port, folder=disk.folder, **SHORT))
        (webhook,) = sender.webhooks([target.url()], max_in_flight=32)
        port = free_port()
        process = sender.start_web(port)
        owed = sender.owe([webhook], events // 2)
        worker = sender.start_worker()
        disk.processes = [worker.pid, process.pid, *descendants(process.pid)]
        with publishing(port, events - events // 2) as publisher:
            await_(lambda: target.count() >= events // 8, worker, process)
            disk.fill()
            await_(lambda: publisher.refusals.total() >= 3 and FILLED in sender.said("worker-0"), worker, process)
            time.sleep(DOWN)  # the time that it is full
            disk.free()
            since = time.monotonic()
        verdict = judge(target, owed | set(publisher.accepted.values()), sender.settle(since))
        publisher.check(sender, verdict)
        expect_recorded(verdict, sender, target.count)
        verdict.expect(worker.poll() is None and process.poll() is None, "a process of the sender ended")
    verdict.note = f"{disk.how}; {publisher.note()}"
    return verdict


def _kill_server(server: Any) -> None:
    postmaster = server.get_pid()
    doomed = {postmaster} | descendants(postmaster)
    for pid in doomed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    await_(lambda: not doomed & running_processes())


def _start_server(server: Any) -> None:
    # Where nobody collects dead processes, as in a container, the old one would still count as running.
    (server.pgdata / "postmaster.pid").unlink(missing_ok=True)
    known = server.get_postmaster_info()
    (known.socket_dir / f".s.PGSQL.{known.port}.lock").unlink(missing_ok=True)
    server.ensure_postgres_running()
