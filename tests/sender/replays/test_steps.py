"""The steps of a replay: small, at the asked rate, each pair once whatever happens between and beside them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert

from sender.core import replays as rules
from sender.models import Event, Replay
from sender.services import replays, retention
from sender.services.replays import steps
from shared import clock
from shared.database import writing_connection
from tests.postgresql import wait_until_one_waits_for_a_lock
from tests.sender.replays.replaying import DAY, ask, made, pairs, registered, run, shown


@pytest.mark.parametrize(("rate", "size"), [(1, 1), (50, 10), (1000, 100)])
def test_steps_are_small_and_come_at_the_rate(api, past, hook, rate, size):
    for _ in range(101 if size == 100 else 21):
        past.event(5)
    replay = ask(api, past, rate=rate)
    start = clock.now()
    first = replays.step(past.engine, start)
    assert len(made(past, replay)) == size
    assert (first - start).total_seconds() <= size / rate + 0.001  # earlier when it was asked for a while ago
    assert replays.step(past.engine, first - timedelta(milliseconds=1)) == first
    assert len(made(past, replay)) == size
    replays.step(past.engine, first)
    assert len(made(past, replay)) == (101 if size == 100 else 2 * size)


def test_a_replay_that_a_worker_comes_to_late_begins_at_its_pace(api, past, hook):
    for _ in range(30):
        past.event(5)
    replay = ask(api, past, rate=10)
    start = clock.now() + timedelta(seconds=0.9)
    for step in range(4):
        due = replays.step(past.engine, start + step * timedelta(seconds=0.2))
        assert (len(made(past, replay)), due) == (2 * step + 2, start + (step + 1) * timedelta(seconds=0.2))


def test_a_late_step_catches_up_a_second_at_most():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert rules.next_step(now - timedelta(seconds=0.5), now, 10, 50) == now - timedelta(seconds=0.3)
    assert rules.next_step(now - DAY, now, 10, 50) == now - timedelta(seconds=0.8)
    assert rules.next_step(now - DAY, now, 0, 50) == now + rules.BREATH


def test_steps_stay_short_however_many_webhooks_there_are():
    assert [rules.events_per_step(count) for count in (0, 1, 100, 100_000)] == [500, 500, 50, 10]


def test_an_event_of_more_webhooks_than_a_step_makes_is_taken_up_where_it_was_left(api, past):
    hooks = [registered(api, past, 100) for _ in range(7)]
    events = [past.event(5), past.event(4)]
    replay = ask(api, past, rate=15)
    assert run(past) == 4, "and the fifth is the last"
    assert pairs(past, replay) == {(event, hook): 1 for event in events for hook in hooks}


def test_a_cursor_survives_being_written():
    cursor = rules.Cursor(datetime(2026, 1, 1, 2, 3, 4, 567891, tzinfo=UTC), "own_id-7", "whk_1")
    assert rules.Cursor.read(str(cursor)) == cursor
    assert [cursor.is_past("own_id-7", one) for one in ("whk_0", "whk_1", "whk_2")] == [True, True, False]
    assert rules.Cursor(cursor.created_at, "e").is_past("e", "whk_zzz")
    assert not cursor.is_past("other", "whk_0")


def test_a_step_that_is_not_committed_is_made_again(api, past, hook, monkeypatch):
    for _ in range(30):
        past.event(5)
    replay = ask(api, past)
    run(past, 1)
    with monkeypatch.context() as patch:
        patch.setattr(replays.steps.changes, "announce", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            replays.step(past.engine, clock.now() + DAY)
    assert len(made(past, replay)) == 10
    assert shown(api, replay)["done"] == 10
    run(past)
    assert len(pairs(past, replay)) == 30
    assert set(pairs(past, replay).values()) == {1}


def test_several_workers_at_once_make_each_pair_once(api, past, hook):
    for _ in range(120):
        past.event(5)
    asked = [ask(api, past, rate=1000), ask(api, past, rate=50)]
    threads = [threading.Thread(target=run, args=(past,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run(past)
    total = pairs(past, asked[0]) + pairs(past, asked[1])
    assert len(total) == 120
    assert set(total.values()) == {1}
    assert {shown(api, one)["state"] for one in asked} == {"finished"}


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_while_a_worker_takes_a_step_another_takes_none(api, past, hook):
    past.event(5)
    replay = ask(api, past)
    with writing_connection(past.engine) as other:
        assert steps._take_turn(other)
        now = clock.now()
        assert replays.step(past.engine, now) == now + rules.BREATH
        assert shown(api, replay)["done"] == 0
    replays.step(past.engine, clock.now())
    assert shown(api, replay)["done"] == 1


def test_what_another_worker_made_since_a_worker_looked_ahead_is_not_counted_again(api, past, hook, monkeypatch):
    past.delivery(past.event(6), hook, "succeeded", 6)  # is passed over by the look ahead
    for _ in range(30):
        past.event(5)
    replay = ask(api, past)
    now, real = clock.now(), steps.writing_connection

    def after_another(engine):
        monkeypatch.setattr(steps, "writing_connection", real)
        replays.step(engine, now)
        return real(engine)

    monkeypatch.setattr(steps, "writing_connection", after_another)
    replays.step(past.engine, now + timedelta(seconds=1))
    assert len(made(past, replay)) == shown(api, replay)["done"] == 20


def test_two_replays_of_the_same_do_not_send_twice(api, past, hook):
    event = past.event(5)
    one, other = ask(api, past), ask(api, past)
    run(past)
    assert pairs(past, one) + pairs(past, other) == {(event, hook): 1}


def test_what_is_resent_between_the_count_and_its_turn_is_skipped_and_counts_as_done(api, past, hook):
    first, second = past.event(5), past.event(4)
    for event in (first, second):
        past.delivery(event, hook, "failed", 3)
    replay = ask(api, past)
    _, page = api("GET", f"/api/v1/deliveries?event_id={first}")
    assert api("POST", f"/api/v1/deliveries/{page['items'][0]['id']}/resend")[0] == 202
    run(past)
    assert pairs(past, replay) == {(second, hook): 1}
    assert (shown(api, replay)["done"], shown(api, replay)["state"]) == (2, "finished")


def test_events_that_retention_deletes_meanwhile_are_left_out(api, past, hook):
    past.event(5)
    kept = past.event(1)
    replay = ask(api, past)
    assert retention.prune(past.engine, past.ago(3)) == 1
    run(past)
    assert pairs(past, replay) == {(kept, hook): 1}
    assert (shown(api, replay)["state"], shown(api, replay)["done"]) == ("finished", 2)


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_step_waits_for_retention_that_deletes_an_event_of_it_and_leaves_that_out(api, past, hook):
    gone, kept = past.event(5), past.event(4)
    replay = ask(api, past)
    with ThreadPoolExecutor(1) as worker:
        with writing_connection(past.engine) as connection:
            connection.execute(delete(Event).where(Event.id == gone))
            step = worker.submit(replays.step, past.engine, clock.now())
            wait_until_one_waits_for_a_lock(past.engine)
        step.result()
    assert pairs(past, replay) == {(kept, hook): 1}
    assert (shown(api, replay)["state"], shown(api, replay)["done"]) == ("finished", 2)


def test_a_running_replay_is_one_row_of_a_small_index(past):
    """Else an idle worker would read all replays there ever were."""
    ago = past.ago(1)
    row = {"since": ago, "until": ago, "rate": 1, "total": 0, "created_at": ago, "next_step_at": ago}
    with writing_connection(past.engine) as connection:
        connection.execute(insert(Replay), [row | {"id": f"rpl_{n}", "state": "finished"} for n in range(50)])
    if past.engine.dialect.name == "sqlite":
        with past.engine.connect() as connection:
            statement = str(replays.steps._NEXT.compile(past.engine))
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
        assert "ix_replays_running" in str(plan)
    assert replays.step(past.engine, clock.now()) is None
