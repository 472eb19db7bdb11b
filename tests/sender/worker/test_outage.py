"""What a worker holds in its memory outlives an outage of the database, while it works and when it is stopped."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from sender import sending, unrecorded
from sender import worker as worker_module
from sender.core import pace
from sender.models import Attempt, Delivery, Webhook, WorkerProcess
from sender.worker import Worker
from shared import clock, database
from tests.sender.worker.outage import outage_of

EVENTS = 3


@pytest.fixture
def outage(engine, monkeypatch):
    monkeypatch.setattr(worker_module, "_ERROR_PAUSE", 0.01)
    monkeypatch.setattr(database, "_PERSIST_EVERY", 0.01)
    with outage_of(engine) as outage:
        yield outage


@pytest.fixture
def running(engine, context):
    """Start workers, each with the seconds that a stop gives to what is under way; return the worker and its end."""
    with ThreadPoolExecutor() as pool:
        workers = []

        def start(grace, **changes):
            worker = Worker(engine, replace(context, settings=context.settings.model_copy(update=changes)))
            workers.append(worker)
            return worker, pool.submit(worker.run, grace)

        yield start
        for worker in workers:
            worker.stop()


def states(engine):
    """How many deliveries are in each state, by whether nobody claims them."""
    with engine.connect() as connection:
        rows = connection.execute(select(Delivery.state, Delivery.claim_id)).all()
    return Counter((state, claim_id is None) for state, claim_id in rows)


def attempts(engine):
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Attempt))


@pytest.mark.parametrize("at_commit", [False, True], ids=["writing", "keeping"])
def test_results_that_come_in_an_outage_are_recorded_after_it(api, sink, engine, outage, gate, running, at_commit):
    api.webhook(sink.url())
    api.publish(EVENTS)
    running(5)
    sink.wait_for(EVENTS)
    outage.at_commit, outage.lasts = at_commit, True
    gate.open()
    outage.wait_for(3)
    outage.lasts = False
    assert [row["state"] for row in api.finished(EVENTS)] == ["succeeded"] * EVENTS
    assert (attempts(engine), len(sink.requests)) == (EVENTS, EVENTS)


def test_results_that_are_recorded_one_by_one_outlive_an_outage_too(
    api, sink, engine, outage, gate, running, monkeypatch
):
    real, stumbled = unrecorded.record, threading.Event()

    def record(connection, results, *rest):
        if results and not stumbled.is_set():
            stumbled.set()
            outage.lasts = True
            raise ZeroDivisionError
        return real(connection, results, *rest)

    monkeypatch.setattr(unrecorded, "record", record)
    api.webhook(sink.url())
    api.publish(EVENTS)
    running(5)
    sink.wait_for(EVENTS)
    gate.open()
    outage.wait_for(3)
    outage.lasts = False
    assert [row["state"] for row in api.finished(EVENTS)] == ["succeeded"] * EVENTS
    assert (attempts(engine), len(sink.requests)) == (EVENTS, EVENTS)


def test_a_moments_outage_amid_recording_one_by_one_makes_no_success_a_failure(api, sink, engine, running, monkeypatch):
    real, faults = unrecorded.record, [ZeroDivisionError(), OperationalError("INSERT", None, Exception("gone"))]

    def record(connection, results, *rest):
        if results and faults:
            raise faults.pop(0)
        return real(connection, results, *rest)

    monkeypatch.setattr(worker_module, "_ERROR_PAUSE", 0.01)
    monkeypatch.setattr(unrecorded, "record", record)
    api.webhook(sink.url())
    api.publish()
    running(5)
    assert [row["state"] for row in api.finished(1)] == ["succeeded"]
    assert (faults, attempts(engine), len(sink.requests)) == ([], 1, 1)


def test_a_stop_records_what_ends_while_other_attempts_are_under_way(api, sink, engine, gate, running):
    api.webhook(sink.url())
    api.webhook(sink.url(), headers=gate.PASSES)
    worker, end = running(30)
    stops = threading.Event()
    take_back, answer = worker._senders.take_back, sink.answer
    worker._senders.take_back = lambda: (stops.set(), take_back())[1]
    sink.answer = lambda sent: answer(sent) if stops.wait(30) else pytest.fail("the worker does not stop")
    api.publish(1)
    sink.wait_for(2)
    worker.stop()
    assert len(api.finished(1)) == 1
    assert not end.done()
    gate.open()
    end.result(30)
    assert len(api.finished(2)) == 2


def test_a_stop_amid_an_outage_waits_for_its_end_and_loses_no_attempt(api, sink, engine, outage, gate, running):
    api.webhook(sink.url())
    api.publish(EVENTS)
    worker, end = running(30)
    sink.wait_for(EVENTS)
    worker.stop()
    outage.lasts = True
    gate.open()
    outage.wait_for(3)
    outage.lasts = False
    end.result(30)
    assert states(engine) == {("succeeded", True): EVENTS}
    assert (attempts(engine), len(sink.requests)) == (EVENTS, EVENTS)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(WorkerProcess)) == 0


def test_a_stop_ends_also_when_the_outage_does_not_and_says_what_it_left(api, sink, engine, outage, gate, running):
    api.webhook(sink.url())
    api.publish(EVENTS)
    worker, end = running(0.2)
    sink.wait_for(EVENTS)
    with capture_logs() as logged:
        outage.lasts = True
        worker.stop()
        gate.open()
        end.result(30)
    (left,) = [entry for entry in logged if "leases bring back" in entry["event"]]
    assert left["results"] + left["claims"] == EVENTS
    assert logged[-1]["event"] == "worker stopped"
    outage.lasts = False
    assert states(engine) == {("sending", False): EVENTS}


def test_a_stop_gives_back_what_is_under_way_for_longer_than_the_grace(api, sink, engine, gate, running):
    api.webhook(sink.url())
    api.publish(EVENTS)
    worker, end = running(0)
    sink.wait_for(EVENTS)
    worker.stop()
    end.result(30)
    assert states(engine) == {("pending", True): EVENTS}


@pytest.mark.parametrize("has_outage", [False, True], ids=["", "after an outage"])
def test_a_stop_gives_back_what_was_not_begun_with_and_what_it_spent_of_a_rate_limit(
    api, sink, engine, outage, gate, running, monkeypatch, has_outage
):
    monkeypatch.setattr(pace, "BEGIN_WITHIN", timedelta(minutes=1))
    monkeypatch.setattr(sending, "HANGING_AFTER", timedelta(minutes=1))
    hanging = api.webhook(sink.url())["id"]
    worker, end = running(30, worker_threads=1)
    api.publish(1)
    sink.wait_for(1)
    paced = api.webhook(sink.url(), rate_limit=1, rate_period="minute")["id"]
    assert api("PATCH", f"/api/v1/webhooks/{hanging}", {"active": False})[0] == 200
    claimed = threading.Event()
    send = worker._senders.send
    worker._senders.send = lambda claims, **given: (send(claims, **given), claims and claimed.set())
    api.publish(1)
    assert claimed.wait(30)
    taken_back = threading.Event()
    take_back = worker._senders.take_back
    worker._senders.take_back = lambda: (take_back(), taken_back.set())[0]
    outage.lasts = has_outage
    worker.stop()
    assert taken_back.wait(30)
    if has_outage:
        outage.wait_for(3)
        outage.lasts = False
    gate.open()
    end.result(30)
    with engine.connect() as connection:
        paced_until = connection.scalar(select(Webhook.paced_until).where(Webhook.id == paced))
    assert states(engine) == {("succeeded", True): 1, ("pending", True): 1}
    assert paced_until <= clock.now()


def test_a_test_that_is_answered_in_an_outage_is_recorded_after_it(api, sink, engine, outage, gate):
    hook = api.webhook(sink.url())
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(api, "POST", f"/api/v1/webhooks/{hook['id']}/test", {})
        sink.wait_for(1)
        outage.lasts = True
        gate.open()
        outage.wait_for(2)
        outage.lasts = False
        assert answer.result(30)[1]["state"] == "succeeded"
    assert (attempts(engine), len(sink.requests)) == (1, 1)
