"""A worker outlives whatever an endpoint or a row makes of it, and nothing else waits for that."""

from __future__ import annotations

import importlib
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sender import sending, unrecorded
from sender import worker as worker_module
from sender.core import retry
from sender.crew import Crew
from sender.models import Delivery, Webhook, db
from sender.services.deliveries import Claim, rules_of
from sender.worker import Worker
from shared import clock
from shared.database import writing_connection
from tests.sender.sink import Gate
from tests.sender.working import working

UNRECORDABLE = 418
recording = importlib.import_module("sender.services.deliveries.record")  # the package has a function of this name


def of(hook, found):
    """The one delivery to a webhook."""
    (delivery,) = [one for one in found if one["webhook_id"] == hook["id"]]
    return delivery


def stumble(monkeypatch, module, name):
    """Have a function of `module` fail for each answer with the status UNRECORDABLE."""
    real = getattr(module, name)

    def fail(first, *rest):
        response = getattr(first, "response", None)
        if UNRECORDABLE in (*rest, response and response.status):
            raise ZeroDivisionError
        return real(first, *rest)

    monkeypatch.setattr(module, name, fail)


@pytest.mark.parametrize(
    ("module", "name"), [(retry, "decide"), (recording, "mask")], ids=["recording", "writing down"]
)
def test_a_result_that_cannot_be_recorded_counts_as_our_failure_and_holds_up_no_other(
    api, sink, worker, monkeypatch, module, name
):
    stumble(monkeypatch, module, name)
    poison, healthy = api.webhook(sink.url(UNRECORDABLE)), api.webhook(sink.url())
    api.publish()
    found = api.finished(2)
    assert of(healthy, found)["state"] == "succeeded"
    assert [attempt["outcome"] for attempt in of(healthy, found)["attempts"]] == ["succeeded"]
    failed = of(poison, found)
    assert failed["state"] == "failed"
    assert [attempt["number"] for attempt in failed["attempts"]] == [1, 2]  # as the schedule says
    assert failed["attempts"][0]["outcome"] == "internal"
    assert "could not be recorded (ZeroDivisionError)" in failed["attempts"][0]["detail"]


def test_a_time_to_wait_that_no_clock_shows_stops_nothing(api, sink, worker):
    texts = [
        "Wed, 21 Oct 99999999999999999999 07:28:00 GMT",
        "Mon, 01 Jan 2040 00:00:00 +99999999999999999999",
    ]
    hooks = [api.webhook(sink.url(503, text)) for text in texts]
    healthy = api.webhook(sink.url())
    for hook in hooks:
        assert api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})[1]["state"] == "failed"
    api.publish()
    found = api.finished(5)
    assert of(healthy, found)["state"] == "succeeded"


def test_a_secret_of_another_installation_stops_only_its_webhook(app, api, sink, worker):
    stranger, healthy = api.webhook(sink.url()), api.webhook(sink.url())
    with app.app_context(), writing_connection(db.engine) as connection:
        connection.execute(update(Webhook).where(Webhook.id == stranger["id"]).values(encrypted_secret="gAAAAABl"))
    api.publish()
    found = api.finished(2)
    assert of(healthy, found)["state"] == "succeeded"
    assert "encrypted with another key" in of(stranger, found)["attempts"][0]["detail"]


@pytest.mark.parametrize(
    ("module", "waits"),
    [(worker_module, "writing_connection"), (unrecorded, "record")],
    ids=["for its turn", "for rows"],
)
def test_what_a_turn_waits_for_the_database_is_not_taken_off_the_leases(app, api, sink, monkeypatch, module, waits):
    api.webhook(sink.url())
    api.publish()
    with app.app_context():
        worker = Worker(db.engine, app.extensions["hookloop_sender"])
    worker._clock.follow(clock.now())  # looks at the whole table once a minute
    passed, sent = [0.0], []
    now, monotonic, real = clock.now, clock.monotonic, getattr(module, waits)
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(seconds=passed[0]))
    monkeypatch.setattr(clock, "monotonic", lambda: monotonic() + passed[0])

    def wait_first(*given):
        passed[0] += 50
        return real(*given)

    monkeypatch.setattr(module, waits, wait_first)
    monkeypatch.setattr(worker._senders, "send", lambda claims, **given: sent.append((claims, given["leased_at"])))
    worker._turn()
    (((claimed,), leased_at),) = sent
    with worker._engine.connect() as connection:
        until = connection.scalar(select(Delivery.next_attempt_at).where(Delivery.id == claimed.delivery_id))
    lease = worker._context.settings.lease_seconds
    assert lease - 10 < (until - clock.now()).total_seconds() <= lease
    assert 0 <= clock.monotonic() - leased_at < 10


def test_a_result_of_which_nothing_can_be_recorded_holds_up_no_other(api, sink, worker, monkeypatch):
    real, poisoned = unrecorded.record, threading.Event()

    def record(connection, results, *rest):
        if any("418" in result.exchange.request.url for result in results):
            poisoned.set()
            raise ZeroDivisionError
        return real(connection, results, *rest)

    monkeypatch.setattr(unrecorded, "record", record)
    api.webhook(sink.url(UNRECORDABLE))
    api.publish()
    assert poisoned.wait(30)
    healthy = api.webhook(sink.url())
    api.publish()
    assert of(healthy, api.finished(1))["state"] == "succeeded"


def test_an_idle_worker_wakes_when_a_rate_limit_or_a_rest_lets_it_go_on(app, monkeypatch):
    with app.app_context():
        worker = Worker(db.engine, app.extensions["hookloop_sender"])
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    limited = Claim([], opens_at=now + timedelta(seconds=2))
    assert worker._pause(now, limited) == 2
    worker._rest_ends_at = now + timedelta(seconds=3)
    assert worker._pause(now, Claim([])) == 3
    assert worker._pause(now, limited) == 2


@pytest.mark.parametrize(("days", "span"), [(5, timedelta(days=5)), (0.5, timedelta(hours=12)), (0, None)])
def test_the_span_that_disables_is_the_one_that_is_set(app, days, span):
    settings = app.extensions["hookloop_sender"].settings.model_copy(update={"disable_after": days})
    assert rules_of(settings).disable_after == span


def test_as_many_places_as_threads_are_kept_for_other_webhooks(api, sink, engine, context, monkeypatch):
    real, left = worker_module.claim_due, []

    def claim(connection, vault, now, capacity, **options):
        left.append((capacity.free, capacity.ahead))
        return real(connection, vault, now, capacity, **options)

    monkeypatch.setattr(worker_module, "claim_due", claim)
    api.webhook(sink.url())
    with working(engine, context, worker_threads=5):
        api.publish(30)
        api.finished(30)
    assert any(ahead > 0 for _, ahead in left)
    assert all(free - ahead >= min(5, free) for free, ahead in left)


def test_claims_that_wait_for_others_of_their_webhook_take_no_place(
    api, sink, gate, engine, context, deliverer, monkeypatch
):
    threads = 2
    capped = api.webhook(sink.url(), max_in_flight=1, event_types=["payment_received"])
    other = api.webhook(sink.url(), event_types=["customer_created"], headers=Gate.PASSES)
    deliverer.set(capped["id"], last_duration_ms=1)
    monkeypatch.setattr(sending, "HANGING_AFTER", timedelta(hours=1))
    api.publish(30)
    with working(engine, context, worker_threads=threads):
        gate.await_waiting(1)
        # As after attempts that were slow and did not hang: fewer claims are worth holding than were taken.
        monkeypatch.setattr(Crew, "reach", threads)
        api.publish(kind="customer_created")
        (delivery,) = api.finished(1)
        assert delivery["webhook_id"] == other["id"]
        gate.open()
        api.finished(31)
