"""Replays: what is counted is what is made, once each, at the asked rate, whatever happens meanwhile."""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import insert, select, update

from sender.core import replays as rules
from sender.models import Delivery, Replay, Webhook
from sender.services import replays, retention
from sender.services.replays import outcome_counts as counts
from sender.services.replays import steps
from shared import clock
from shared.database import writing_connection

DAY = timedelta(days=1)


@pytest.fixture
def hook(api, past, sink):
    return registered(api, past, sink, 100)


def registered(api, past, sink, days, **fields):
    """A webhook that was registered so many days ago."""
    webhook_id = api.webhook(sink.url(), **fields)["id"]
    change(past, webhook_id, created_at=past.ago(days))
    return webhook_id


def change(past, webhook_id, **values):
    with writing_connection(past.engine) as connection:
        connection.execute(update(Webhook).where(Webhook.id == webhook_id).values(**values))


def ask(api, past, days=10, **fields):
    """Ask for a replay of the last days and return it."""
    body = {"since": past.ago(days).isoformat(), **fields}
    status, count = api("POST", "/api/v1/replays", body | {"dry_run": True})
    assert status == 200, count
    status, replay = api("POST", "/api/v1/replays", body)
    assert status == 202, replay
    assert replay["total"] == count["count"]
    return replay


def run(past, steps=1000):
    """Take steps as a worker does until nothing runs or there were enough; return how many were taken."""
    now = clock.now()
    for taken in range(steps):
        due = replays.step(past.engine, now)
        if due is None:
            return taken
        now = max(now, due)
    return steps


def made(past, replay):
    """The deliveries that a replay made."""
    with past.engine.connect() as connection:
        query = select(Delivery.__table__).where(Delivery.replay_id == replay["id"]).order_by(Delivery.id)
        return connection.execute(query).all()


def pairs(past, replay):
    return Counter((row.event_id, row.webhook_id) for row in made(past, replay))


def shown(api, replay):
    return api("GET", f"/api/v1/replays/{replay['id']}")[1]


def test_by_default_what_did_not_arrive_is_sent_once_more(api, past, hook, sink):
    failed, cancelled, missing, arrived, owed = (past.event(5) for _ in range(5))
    newest = {}
    for event, state in ((failed, "failed"), (cancelled, "cancelled"), (arrived, "succeeded"), (owed, "pending")):
        newest[event] = past.delivery(event, hook, state, 5)
    replay = ask(api, past)
    assert (replay["state"], replay["total"], replay["done"]) == ("running", 3, 0)
    run(past)
    assert pairs(past, replay) == {(event, hook): 1 for event in (failed, cancelled, missing)}
    for row in made(past, replay):
        assert (row.state, row.test, row.attempt_count) == ("pending", False, 0)
        assert row.next_attempt_at == row.created_at
        assert row.resend_of == newest.get(row.event_id)
    ended = shown(api, replay)
    assert (ended["state"], ended["done"]) == ("finished", 3)
    assert ended["finished_at"]


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled", "missing"])
def test_one_state_can_be_asked_for(api, past, hook, state):
    events = {kind: past.event(5) for kind in ("succeeded", "failed", "cancelled", "missing", "pending")}
    for kind, event in events.items():
        if kind != "missing":
            past.delivery(event, hook, kind, 5)
    replay = ask(api, past, state=state)
    run(past)
    assert pairs(past, replay) == {(events[state], hook): 1}
    assert replay["filters"]["state"] == state


def test_it_is_linked_to_the_newest_delivery_and_the_newest_decides(api, past, hook):
    event = past.event(5)
    past.delivery(event, hook, "cancelled", 5)
    newest = past.delivery(event, hook, "failed", 4)
    assert ask(api, past, state="cancelled")["total"] == 0
    replay = ask(api, past, state="failed")
    run(past)
    assert [row.resend_of for row in made(past, replay)] == [newest]


def test_what_a_resend_has_brought_since_is_not_sent_again(api, past, hook):
    event = past.event(5)
    failed = past.delivery(event, hook, "failed", 5)
    past.delivery(event, hook, "succeeded", 4, resend_of=failed)
    assert [ask(api, past, state=state)["total"] for state in (None, "failed", "missing", "succeeded")] == [0, 0, 0, 1]


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


def test_two_replays_of_the_same_do_not_send_twice(api, past, hook):
    event = past.event(5)
    one, other = ask(api, past), ask(api, past)
    run(past)
    assert pairs(past, one) + pairs(past, other) == {(event, hook): 1}


def test_missing_is_what_matches_now_and_no_webhook_got(api, past, hook, sink):
    wanted, other = past.event(5), past.event(5, "site_published")
    globbing = registered(api, past, sink, 100, event_types=["site_*"])
    replay = ask(api, past, state="missing")
    run(past)
    assert pairs(past, replay) == {(wanted, hook): 1, (other, globbing): 1}


def test_a_new_webhook_is_filled_up_only_when_missing_is_asked_for(api, past, sink):
    late = registered(api, past, sink, 3)
    before, after = past.event(5), past.event(2)
    assert ask(api, past)["total"] == 1
    assert ask(api, past, webhook_id=late)["total"] == 1
    replay = ask(api, past, webhook_id=late, state="missing")
    run(past, 1)
    assert replay["total"] == 2
    assert (before, late) in pairs(past, replay)
    assert after


def test_tests_operational_events_and_edited_resends_are_not_missing(api, past, sink):
    every = registered(api, past, sink, 100, event_types=["*", "webhook.*"])
    past.event(5, test=True)
    past.event(5, "webhook.failing")
    past.event(5, derived_from="evt_before")
    assert ask(api, past, state="missing")["total"] == 0
    operational = past.event(5, "webhook.failing")
    past.delivery(operational, every, "failed", 5)
    past.delivery(past.event(5, test=True), every, "failed", 5, test=True)
    replay = ask(api, past)
    run(past)
    assert pairs(past, replay) == {(operational, every): 1}


def test_webhook_event_type_and_time_narrow_it(api, past, hook, sink):
    other = registered(api, past, sink, 100, event_types=["*"])
    early, late, foreign = past.event(8), past.event(2), past.event(8, "site_published")
    fields = {"until": past.ago(5).isoformat(), "webhook_id": other}
    expected = {None: {early, foreign}, "payment_received": {early}, "payment_*": {early}, "s*d": {foreign}}
    for event_type, events in expected.items():
        replay = ask(api, past, event_type=event_type, **fields)
        api("POST", f"/api/v1/replays/{replay['id']}/stop")
        assert replay["total"] == len(events), event_type
    replay = ask(api, past, event_type="site_*", **fields)
    run(past)
    assert pairs(past, replay) == {(foreign, other): 1}
    assert hook != other
    assert late not in {event for event, _ in pairs(past, replay)}


def test_paused_disabled_and_deleted_webhooks_get_nothing(api, past, sink):
    hooks = [registered(api, past, sink, 100) for _ in range(4)]
    past.event(5)
    change(past, hooks[0], active=False)
    change(past, hooks[1], active=False, disabled_reason="failing")
    api("DELETE", f"/api/v1/webhooks/{hooks[2]}")
    replay = ask(api, past)
    run(past)
    assert {webhook for _, webhook in pairs(past, replay)} == {hooks[3]}
    for webhook_id, reason in ((hooks[0], "paused"), (hooks[1], "disabled"), (hooks[2], "no webhook"), ("x", "no web")):
        body = {"since": past.ago(9).isoformat(), "webhook_id": webhook_id}
        status, problem = api("POST", "/api/v1/replays", body)
        assert (status, problem["errors"][0]["field"]) == (422, "webhook_id")
        assert reason in problem["errors"][0]["message"]
    counted = {"since": past.ago(9).isoformat(), "webhook_id": hooks[0], "dry_run": True}
    assert api("POST", "/api/v1/replays", counted)[1]["count"] == 1, "to know before it is resumed"


def test_a_replay_whose_webhook_is_paused_meanwhile_stops(api, past, hook):
    for _ in range(30):
        past.event(5)
    replay = ask(api, past, rate=50)
    run(past, 1)
    change(past, hook, active=False)
    run(past)
    stopped = shown(api, replay)
    assert (stopped["state"], stopped["done"], len(made(past, replay))) == ("stopped", 10, 10)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"state": "pending"}, "state"),
        ({"event_type": "no_such"}, "event_type"),
        ({"event_type": "a**"}, "event_type"),
        ({"rate": 0}, "rate"),
        ({"rate": 1001}, "rate"),
        ({"since": "2100-01-01T00:00:00Z"}, "since"),
        ({"until": "2000-01-01T00:00:00Z"}, "since"),
        ({"since": "yesterday"}, "since"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "since"),
        ({"since": "1969-12-31T23:59:59Z"}, "since"),
        ({"until": "9999-01-01"}, "until"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_bad_input_is_named(api, past, fields, field):
    body = {"since": past.ago(9).isoformat(), "dry_run": True}
    status, problem = api("POST", "/api/v1/replays", body | fields)
    assert (status, problem["errors"][0]["field"]) == (422, field)


def test_nothing_to_send_is_finished_at_once(api, past, hook):
    replay = ask(api, past)
    assert (replay["state"], replay["total"]) == ("finished", 0)
    assert replays.step(past.engine, clock.now()) is None


def test_stop_ends_it_at_once_and_keeps_what_is_made(api, past, hook):
    for _ in range(30):
        past.event(5)
    replay = ask(api, past)
    run(past, 1)
    status, stopped = api("POST", f"/api/v1/replays/{replay['id']}/stop")
    assert (status, stopped["state"], stopped["done"]) == (200, "stopped", 10)
    assert run(past) == 0
    assert len(made(past, replay)) == 10
    assert api("POST", f"/api/v1/replays/{replay['id']}/stop") == (200, stopped)
    assert api("POST", "/api/v1/replays/rpl_none/stop")[0] == 404


def test_replays_are_listed_newest_first_a_page_at_a_time(api, past, hook):
    past.event(5)
    asked = [ask(api, past, rate=rate)["id"] for rate in (1, 2, 3)]
    _, page = api("GET", "/api/v1/replays?limit=2")
    assert [one["id"] for one in page["items"]] == sorted(asked)[:0:-1]
    _, rest = api("GET", f"/api/v1/replays?limit=2&cursor={page['next_cursor']}")
    assert [one["id"] for one in rest["items"]] == sorted(asked)[:1]
    assert api("GET", "/api/v1/replays?cursor=x")[0] == 422
    assert api("GET", f"/api/v1/replays/{asked[0]}")[1]["rate"] == 1


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


def test_an_event_of_more_webhooks_than_a_step_makes_is_taken_up_where_it_was_left(api, past, sink):
    hooks = [registered(api, past, sink, 100) for _ in range(7)]
    events = [past.event(5), past.event(4)]
    replay = ask(api, past, rate=15)
    assert run(past) == 4, "and the fifth is the last"
    assert pairs(past, replay) == {(event, hook): 1 for event in events for hook in hooks}


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


def test_events_that_retention_deletes_meanwhile_are_left_out(api, past, hook):
    past.event(5)
    kept = past.event(1)
    replay = ask(api, past)
    assert retention.prune(past.engine, past.ago(3)) == 1
    run(past)
    assert pairs(past, replay) == {(kept, hook): 1}
    assert (shown(api, replay)["state"], shown(api, replay)["done"]) == ("finished", 2)


def test_the_same_key_again_still_gives_the_deliveries_of_its_publication(api, past, sink):
    event = {"type": "payment_received", "payload": {}}
    first = api("POST", "/api/v1/events", event, Idempotency_Key="k")
    hook = registered(api, past, sink, 100)
    replay = ask(api, past, state="missing")
    run(past)
    assert {webhook for _, webhook in pairs(past, replay)} == {hook}
    assert api("POST", "/api/v1/events", event, Idempotency_Key="k") == first


def test_the_deliveries_of_a_replay_are_found_by_it(api, past, hook):
    past.event(5)
    past.delivery(past.event(5), hook, "failed", 5)
    replay = ask(api, past, state="missing")
    run(past)
    _, page = api("GET", f"/api/v1/deliveries?replay_id={replay['id']}")
    assert [row["replay_id"] for row in page["items"]] == [replay["id"]]


@pytest.mark.parametrize("state", [None, "succeeded", "failed", "cancelled", "missing"])
def test_the_count_is_what_the_steps_make_and_both_are_what_the_rules_say(api, past, sink, state):
    chance = random.Random(7)
    kinds = ("payment_received", "site_published", "webhook.failing")
    types = (["payment_*"], ["*"], ["site_published", "webhook.*"])
    hooks = {registered(api, past, sink, days, event_types=types[n % 3]): n for n, days in enumerate((9, 3, 6, 1, 9))}
    history = {}
    for _ in range(60):
        days, kind = chance.uniform(0.5, 8), chance.choice(kinds)
        test, derived = chance.random() < 0.1, "evt_x" if chance.random() < 0.1 else None
        event = past.event(days, kind, test=test, derived_from=derived)
        history[event] = (kind, days, test, derived, {})
        for hook in hooks:
            states = chance.choices(
                ("succeeded", "failed", "cancelled", "pending"), k=chance.choice((0, 0, 1, 1, 2, 3))
            )
            for number, one in enumerate(states):
                past.delivery(event, hook, one, days - 0.1 * number, event_type=kind, test=test)
            history[event][4][hook] = states
    paused = list(hooks)[4]
    change(past, paused, active=False)
    expected = {
        (event, hook): 1
        for event, (kind, days, test, derived, deliveries) in history.items()
        for hook, number in hooks.items()
        if hook != paused and not test and days < 7
        if _is_wanted(deliveries[hook], state, types[number % 3], kind, days, derived, (9, 3, 6, 1, 9)[number])
    }
    replay = ask(api, past, days=7, state=state)
    run(past)
    assert replay["total"] == len(expected) > 0
    assert pairs(past, replay) == expected
    assert shown(api, replay)["done"] == len(expected)


def _is_wanted(states, wanted, types, kind, days, derived, age):
    """The rules once more, written for this test alone."""
    if "pending" in states:
        return False
    if not states:
        prefix_fits = any(kind.startswith(one.rstrip("*")) for one in types)
        is_missing = prefix_fits and kind != "webhook.failing" and derived is None
        return is_missing and (wanted == "missing" or (wanted is None and days < age))
    state = "succeeded" if "succeeded" in states else states[-1]
    return state == wanted if wanted else state in ("failed", "cancelled")


def test_a_late_step_catches_up_a_second_at_most():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert rules.next_step(now - timedelta(seconds=0.5), now, 10, 50) == now - timedelta(seconds=0.3)
    assert rules.next_step(now - DAY, now, 10, 50) == now - timedelta(seconds=0.8)
    assert rules.next_step(now - DAY, now, 0, 50) == now + rules.BREATH


def test_a_cursor_survives_being_written():
    cursor = rules.Cursor(datetime(2026, 1, 1, 2, 3, 4, 567891, tzinfo=UTC), "own_id-7", "whk_1")
    assert rules.Cursor.read(str(cursor)) == cursor
    assert [cursor.is_past("own_id-7", one) for one in ("whk_0", "whk_1", "whk_2")] == [True, True, False]
    assert rules.Cursor(cursor.created_at, "e").is_past("e", "whk_zzz")
    assert not cursor.is_past("other", "whk_0")


def test_steps_stay_short_however_many_webhooks_there_are():
    assert [rules.events_per_step(count) for count in (0, 1, 100, 100_000)] == [500, 500, 50, 10]


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


def test_what_a_webhook_paused_meanwhile_does_not_get_is_skipped_and_not_said_to_be_done(api, past, sink):
    one, other = registered(api, past, sink, 100), registered(api, past, sink, 100)
    for _ in range(10):
        past.event(5)
    replay = ask(api, past, rate=10)
    run(past, 1)
    change(past, other, active=False)
    run(past, 1)
    change(past, other, active=True)
    late = registered(api, past, sink, 100)  # not counted, so it gets nothing
    run(past, 1)
    change(past, one, deleted_at=clock.now(), active=False)
    run(past)
    ended = shown(api, replay)
    assert len(made(past, replay)) == ended["done"] < 17
    assert (ended["state"], ended["reason"]) == ("finished", None)
    assert ended["done"] + ended["skipped"] == ended["total"] == 20
    assert {webhook for _, webhook in pairs(past, replay)} == {one, other}
    change(past, late, active=False)
    assert ask(api, past)["total"] == 10 - sum(1 for _, webhook in pairs(past, replay) if webhook == other)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"active": False}, "The webhook 'Billing' was paused."),
        ({"active": False, "disabled_reason": "It was failing."}, "The webhook 'Billing' was disabled."),
        ({"active": False, "deleted_at": datetime(2026, 1, 1, tzinfo=UTC)}, "The webhook 'Billing' was deleted."),
    ],
)
@pytest.mark.parametrize("is_named", [True, False])
def test_why_it_stopped_by_itself_is_told(api, past, hook, values, words, is_named):
    for _ in range(30):
        past.event(5)
    replay = ask(api, past, **({"webhook_id": hook} if is_named else {}))
    run(past, 1)
    change(past, hook, **values)
    run(past)
    ended = shown(api, replay)
    expected = words if is_named else "None of its webhooks is active any more."
    assert (ended["state"], ended["reason"], ended["done"], ended["skipped"]) == ("stopped", expected, 10, 0)


def test_why_it_was_stopped_by_a_person_is_told(api, past, hook):
    past.event(5)
    replay = ask(api, past)
    stopped = api("POST", f"/api/v1/replays/{replay['id']}/stop")[1]
    assert (stopped["reason"], replay["reason"], replay["skipped"]) == ("It was stopped by hand.", None, 0)


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


@pytest.fixture
def seconds(monkeypatch):
    """The clock by which counts of many are told again: each look at it takes a second; many are more than five."""
    passed = itertools.count()
    monkeypatch.setattr(counts, "clock", SimpleNamespace(monotonic=lambda: next(passed)))
    monkeypatch.setattr(counts, "_MANY", 5)
    monkeypatch.setattr(counts, "_counts", {})
    return passed


def test_what_became_of_many_is_counted_seldom_and_anew_when_the_replay_has_ended(api, past, hook, seconds):
    for _ in range(20):
        past.event(5)
    replay = ask(api, past, rate=50)
    run(past, 1)
    asked = [shown(api, replay)["deliveries"]]
    past.delivery(past.event(50), hook, "cancelled", 5, replay_id=replay["id"])
    asked += [shown(api, replay)["deliveries"] for _ in range(60)]
    assert [one["pending"] for one in asked] == [10] * len(asked)
    assert [one["cancelled"] for one in asked] == [0] * 50 + [1] * 11, "a count that took a second is told for fifty"
    run(past)
    ended = shown(api, replay)
    assert (ended["state"], ended["deliveries"]["pending"], ended["deliveries"]["cancelled"]) == ("finished", 20, 1)
    assert list(counts._counts) == [replay["id"]]


def test_what_became_of_few_is_counted_each_time(api, past, hook, seconds):
    past.event(5)
    replay = ask(api, past)
    for number in range(5):
        assert shown(api, replay)["deliveries"]["failed"] == number
        past.delivery(past.event(50), hook, "failed", 5, replay_id=replay["id"])
    assert counts._counts == {}
