"""Rows about workers: killed, two at once, stopped, and under a clock that is stepped."""

from __future__ import annotations

import contextlib
import signal
import time

from tests.bench import sink
from tests.faults import waiting
from tests.faults.ground import PATIENCE, SHORT, Ground, Sender, await_, kill
from tests.faults.verdict import Verdict, expect_recorded, judge
from tests.faults.waiting import Waiting

ENDPOINTS = 8  # webhooks that the events are for; each has at most 10 attempts under way
ANSWER_AFTER = 0.02  # seconds that the sink takes, so that there is something under way
STEP = 3600.0  # seconds that the clock is stepped


def killed(ground: Ground, events: int) -> Verdict:
    """SIGKILL of a worker amid deliveries; another is started."""
    with sink.listening(ANSWER_AFTER) as target, ground.sender(target.port, **SHORT) as sender:
        owed = _owe(sender, target, events)
        worker = sender.start_worker()
        await_(lambda: target.count() >= events // 4, worker)
        kill(worker)
        cut = sender.states().get("sending", 0)
        since = time.monotonic()
        sender.start_worker()
        verdict = judge(target, owed, sender.settle(since))
    verdict.note = f"killed with {cut} claimed; lease {SHORT['SENDER_LEASE']} s"
    verdict.expect(cut > 0, "nothing was under way: the kill proves nothing")
    verdict.expect(verdict.duplicates <= cut, "more than what was under way came twice")
    return verdict


def two(ground: Ground, events: int) -> Verdict:
    """Two workers on one queue make nothing twice."""
    given = {"HOOKLOOP_LOG_LEVEL": "debug", "HOOKLOOP_LOG_FORMAT": "json"}
    with sink.listening(ANSWER_AFTER) as target, ground.sender(target.port, **given) as sender:
        workers = [sender.start_worker() for _ in range(2)]
        await_(lambda: sender.workers_ready() == 2, *workers)
        since = time.monotonic()
        # So many webhooks that their caps leave enough for both.
        owed = sender.owe(sender.webhooks([target.url()] * 4 * ENDPOINTS), events)
        verdict = judge(target, owed, sender.settle(since))
        expect_recorded(verdict, sender, target.count)
        shares = [sender.said(f"worker-{number}").count('"event": "attempt"') for number in range(2)]
    verdict.note = f"{shares[0]} and {shares[1]} attempts"
    verdict.expect(min(shares) > 0, "only one of them worked")
    verdict.expect(verdict.duplicates == 0, "an event came twice")
    return verdict


def stopped(ground: Ground, events: int) -> Verdict:
    """SIGTERM under load, then another worker: nothing is made twice."""
    with sink.listening(ANSWER_AFTER) as target, ground.sender(target.port, SENDER_SHUTDOWN_GRACE="30") as sender:
        owed = _owe(sender, target, events)
        worker = sender.start_worker()
        await_(lambda: target.count() >= events // 4, worker)
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(PATIENCE)
        left = sender.states()
        since = time.monotonic()
        sender.start_worker()
        verdict = judge(target, owed, sender.settle(since))
        expect_recorded(verdict, sender, target.count)
    verdict.note = f"stopped with {left.get('pending', 0)} left"
    verdict.expect(code == 0, f"the worker ended with {code}")
    verdict.expect(left.get("pending", 0) > 0, "all was done before the stop: it proves nothing")
    verdict.expect("sending" not in left, "a claim was left behind")
    verdict.expect(verdict.duplicates == 0, "an event came twice")
    return verdict


def clock_forwards(ground: Ground, events: int) -> Verdict:
    """The clock is set forwards amid deliveries: leases end early, so what is under way may come twice."""
    return _stepped(ground, events, STEP)


def clock_back(ground: Ground, events: int) -> Verdict:
    """The clock is set back amid deliveries: what was due stays due, and what waits waits no longer for that."""
    return _stepped(ground, events, -STEP)


def _stepped(ground: Ground, events: int, step: float) -> Verdict:
    given = {"SENDER_RETRY_SCHEDULE": waiting.SCHEDULE}
    with (
        sink.listening(ANSWER_AFTER) as target,
        waiting.endpoint() as endpoint,
        ground.sender(target.port, endpoint.port, **given) as sender,
    ):
        file = sender.logs / "step"
        file.write_text("0")
        waits = Waiting(sender, endpoint)
        worker = sender.start_worker("tests.faults.worker", FAULTS_CLOCK=str(file))
        waits.begin()
        owed = _owe(sender, target, events)
        await_(lambda: target.count() >= events // 4, worker)
        written = sender.logs / "step.new"
        written.write_text(str(step))
        written.rename(file)  # at once: the worker never reads half of it
        since = time.monotonic()
        cut, is_waited_for = sender.states(), waits.wait()
        with contextlib.suppress(TimeoutError):
            await_(waits.is_done)
        verdict = judge(target, owed, sender.settle(since))
        waits.judge(verdict)
        expect_recorded(verdict, sender, lambda: target.count() + len(endpoint.requests))
        verdict.expect(worker.poll() is None, "the worker ended")
    verdict.expect(is_waited_for, "a retry, a rest or a replay was over before the step: it proves nothing")
    left = cut.get("pending", 0) + cut.get("sending", 0)
    verdict.note = f"stepped {step / 3600:+.0f} h with {left} left"
    verdict.expect(left > 0, "all was done before the step: it proves nothing")
    verdict.expect(verdict.duplicates <= left, "more than what was left came twice")
    return verdict


def _owe(sender: Sender, target: sink.BenchSink, events: int) -> set[str]:
    return sender.owe(sender.webhooks([target.url()] * ENDPOINTS), events)
