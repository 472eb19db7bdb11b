"""Retention deletes what is finished and old, and nothing that is owed, on both databases."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from sender.models import FINISHED_STATES, Attempt, Delivery, Event, Mail, Replay
from sender.services import retention
from sender.settings import SenderSettings
from shared import ids
from shared.database import writing_connection


@pytest.fixture
def hook(api, sink):
    return api.webhook(sink.url())["id"]


def prune(past, days=30.0, limit=500):
    """Prune until nothing is left to do; return what each call deleted."""
    done = []
    while count := retention.prune(past.engine, past.ago(days), limit):
        done.append(count)
    return done


@pytest.mark.parametrize("state", FINISHED_STATES)
def test_an_old_finished_delivery_goes_with_its_attempts_and_its_event(past, hook, state):
    old, young = past.event(40), past.event(20)
    past.delivery(old, hook, state, 40, attempts=3)
    kept = past.delivery(young, hook, state, 20, attempts=3)
    assert sum(prune(past)) == 2
    assert past.ids(Event) == {young}
    assert past.ids(Delivery) == {kept}
    with past.engine.connect() as connection:
        assert set(connection.scalars(select(Attempt.delivery_id))) == {kept}


@pytest.mark.parametrize("state", ["pending", "sending"])
def test_what_is_owed_stays_however_old_and_so_does_its_event(past, hook, state):
    event = past.event(400)
    owed = past.delivery(event, hook, state, 400, attempts=2)
    past.delivery(event, hook, "failed", 400)
    prune(past)
    assert past.ids(Event) == {event}
    assert past.ids(Delivery) == {owed}
    with past.engine.connect() as connection:
        assert list(connection.scalars(select(Attempt.number).order_by(Attempt.number))) == [1, 2]


def test_a_delivery_that_was_held_for_long_is_kept_from_its_end_on(past, hook):
    delivery = past.delivery(past.event(40), hook, "succeeded", 40, finished_at=past.ago(1))
    assert prune(past) == []
    assert past.ids(Delivery) == {delivery}
    assert prune(past, days=0.5) == [2]


def test_a_young_resend_keeps_the_old_event(past, hook):
    event = past.event(40)
    old = past.delivery(event, hook, "failed", 40)
    resent = past.delivery(event, hook, "succeeded", 2, resend_of=old)
    assert prune(past) == [1]
    assert past.ids(Event) == {event}
    assert past.ids(Delivery) == {resent}


def test_an_event_that_no_webhook_wanted_goes_too_also_with_an_id_of_its_publisher(past):
    past.event(40, id="z-own-id")
    young = past.event(1, id="a-own-id")
    assert prune(past) == [1]
    assert past.ids(Event) == {young}


def test_it_goes_in_small_steps(past, hook):
    for _ in range(10):
        past.delivery(past.event(40), hook, "succeeded", 40, attempts=3)
    past.delivery(past.event(40), hook, "failed", 40, attempts=50)
    steps = prune(past, limit=9)
    assert sum(steps) == 22
    assert max(steps) == 6, "three deliveries with nine attempts, and their events"
    assert past.ids(Attempt) == set()


def test_of_many_exactly_the_limit_goes_oldest_first(past, hook):
    event = past.event(40)
    rows = sorted(past.delivery(event, hook, "succeeded", 40, attempts=0) for _ in range(300))
    assert retention.prune(past.engine, past.ago(30), limit=100) == 100
    assert past.ids(Delivery) == set(rows[100:])


def test_old_replays_and_mails_go_but_not_the_running_and_the_owed(past):
    old = past.ago(40)
    replay = {"since": old, "until": old, "rate": 1, "total": 0, "created_at": old, "next_step_at": old}
    mail = {"subject": "s", "text": "t", "created_at": old}
    with writing_connection(past.engine) as connection:
        ends = (("1", "finished", old), ("2", "stopped", old), ("3", "running", None), ("4", "finished", past.now))
        for name, state, ended in ends:
            row = replay | {"id": f"rpl_00{name}", "state": state, "finished_at": ended}
            connection.execute(insert(Replay), [row])
        for name, due in (("1", None), ("2", old)):
            connection.execute(insert(Mail), [mail | {"id": f"eml_00{name}", "next_attempt_at": due}])
    assert prune(past) == [3]
    assert past.ids(Replay) == {"rpl_003", "rpl_004"}
    assert past.ids(Mail) == {"eml_002"}


def test_a_span_that_begins_before_all_ids_deletes_nothing(past):
    mail = {"id": ids.new("eml", past.now), "subject": "s", "text": "t", "created_at": past.now}
    with writing_connection(past.engine) as connection:
        connection.execute(insert(Mail), [mail | {"next_attempt_at": None, "sent_at": past.now}])
    longest = SenderSettings(retention_days=36_500).retention_days
    assert prune(past, days=longest) == []
    assert past.ids(Mail) == {mail["id"]}


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)  # on SQLite the resend would be over before
def test_what_is_being_resent_right_now_stays(past, hook):
    event = past.event(40)
    old = past.delivery(event, hook, "failed", 40)
    with writing_connection(past.engine) as connection:
        connection.execute(select(Delivery.id).where(Delivery.id == old).with_for_update())
        assert retention.prune(past.engine, past.ago(30)) == 0
    assert past.ids(Event) == {event}
    with writing_connection(past.engine) as connection:
        connection.execute(select(Event.id).where(Event.id == event).with_for_update(read=True, key_share=True))
        assert retention.prune(past.engine, past.ago(30)) == 1, "the delivery, not the event"
    assert past.ids(Event) == {event}


def test_two_that_prune_at_once_do_not_get_in_each_others_way(past, hook):
    for _ in range(40):
        past.delivery(past.event(40), hook, "succeeded", 40)
    threads = [threading.Thread(target=prune, args=(past,), kwargs={"limit": 7}) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    prune(past)
    assert past.ids(Delivery) == past.ids(Event) == past.ids(Attempt) == set()


def test_the_publisher_may_use_a_key_again_once_its_event_is_gone(api, past, hook):
    event = {"type": "payment_received", "payload": {"a": 1}}
    _, first = api("POST", "/api/v1/events", event, Idempotency_Key="k")
    with writing_connection(past.engine) as connection:
        connection.execute(update(Delivery).values(state="cancelled", next_attempt_at=None, finished_at=past.now))
    prune(past, days=-1)
    _, second = api("POST", "/api/v1/events", event, Idempotency_Key="k")
    assert second["id"] != first["id"]


@pytest.mark.parametrize(("days", "span"), [(30, timedelta(days=30)), (0, None), (0.5, timedelta(hours=12))])
def test_the_setting_names_the_days(tmp_path, days, span):
    assert SenderSettings(data=tmp_path, retention_days=days).retention_span == span
