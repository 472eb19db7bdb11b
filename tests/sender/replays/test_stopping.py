"""How a replay ends before all is made: by a person, or because nobody takes it any more, and what it says then."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from sender.models import Replay
from sender.services import replays
from shared import clock, moments
from shared.database import writing_connection
from tests.postgresql import wait_until_one_waits_for_a_lock
from tests.sender.replays.replaying import ask, change, made, pairs, registered, run, shown


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


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)  # on SQLite the step would be over before
def test_one_that_ends_while_it_is_being_stopped_has_finished(api, past, hook, engine):
    past.event(5)
    replay = ask(api, past)
    with ThreadPoolExecutor(1) as person:
        with writing_connection(engine) as connection:
            connection.execute(update(Replay).values(state="finished", finished_at=clock.now()))
            stop = person.submit(api, "POST", f"/api/v1/replays/{replay['id']}/stop")
            wait_until_one_waits_for_a_lock(engine)
        assert stop.result()[1]["state"] == "finished"
    assert shown(api, replay)["reason"] is None


def test_why_it_was_stopped_by_a_person_is_told(api, past, hook):
    past.event(5)
    replay = ask(api, past)
    stopped = api("POST", f"/api/v1/replays/{replay['id']}/stop")[1]
    assert (stopped["reason"], replay["reason"], replay["skipped"]) == ("It was stopped by hand.", None, 0)


@pytest.mark.parametrize(("rate", "state", "count"), [(50, "stopped", 10), (150, "finished", 30)])
def test_a_replay_whose_webhook_is_paused_meanwhile_stops_unless_all_is_made(api, past, hook, rate, state, count):
    for _ in range(30):
        past.event(5)
    replay = ask(api, past, rate=rate)
    run(past, 1)
    change(past, hook, active=False)
    run(past)
    ended = shown(api, replay)
    assert (ended["state"], ended["done"], ended["skipped"]) == (state, count, 30 - count)
    assert len(made(past, replay)) == count


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"active": False}, "Billing was paused."),
        ({"active": False, "disabled_reason": "It was failing."}, "Billing was disabled."),
        ({"active": False, "deleted_at": datetime(2026, 1, 1, tzinfo=UTC)}, "Billing was deleted."),
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
    assert (ended["state"], ended["reason"], ended["done"], ended["skipped"]) == ("stopped", expected, 10, 20)


@pytest.mark.parametrize("is_other_paused", [True, False], ids=["nobody takes it", "another goes on"])
@pytest.mark.parametrize("filters", [{}, {"state": "missing"}, {"event_type": "payment_*"}])
def test_what_a_webhook_did_not_get_because_it_was_paused_is_offered(api, past, is_other_paused, filters):
    paused, other = registered(api, past, 100), registered(api, past, 100)
    for number in range(30):
        past.event(8 - number / 10)
    ask(api, past, rate=50, **filters)
    run(past, 1)
    for one in [paused, *([other] if is_other_paused else [])]:
        api("PATCH", f"/api/v1/webhooks/{one}", {"active": False})
    run(past)
    for one in (paused, other):
        _, webhook = api("PATCH", f"/api/v1/webhooks/{one}", {"active": True})
        is_short = one == paused or is_other_paused
        assert (webhook["missed_since"] is not None) == (is_short and not filters), "what is offered has no filters"
        if webhook["missed_since"]:
            asked = {"webhook_id": one, "since": webhook["missed_since"]}
            assert api("POST", "/api/v1/replays", asked | {"dry_run": True})[1]["count"] == 25
            assert api("POST", "/api/v1/replays", asked)[1]["total"] == 25
            run(past)
            assert api("GET", f"/api/v1/webhooks/{one}")[1]["missed_since"] is None


def test_what_was_dismissed_is_not_offered_again_because_it_is_skipped(api, past, hook):
    """What a webhook misses by being disabled is noted when it is, and not by a replay that it does not take."""
    for _ in range(30):
        past.event(5)
    replay = ask(api, past)
    run(past, 1)
    change(past, hook, active=False, disabled_reason="gone", missed_since=past.now)
    run(past)
    assert shown(api, replay)["skipped"] == 20
    assert api("GET", f"/api/v1/webhooks/{hook}")[1]["missed_since"] == moments.rfc3339(past.now)


def test_who_had_nothing_to_get_is_offered_nothing(api, past):
    paused, whole = registered(api, past, 100), registered(api, past, 100)
    for _ in range(3):
        past.delivery(past.event(5), whole, "succeeded", 5)
    ask(api, past)
    for one in (paused, whole):
        api("PATCH", f"/api/v1/webhooks/{one}", {"active": False})
    run(past)
    found = [api("GET", f"/api/v1/webhooks/{one}")[1]["missed_since"] for one in (paused, whole)]
    assert (found[0] is not None, found[1]) == (True, None)


def test_what_a_webhook_paused_meanwhile_does_not_get_is_skipped_and_not_said_to_be_done(api, past):
    one, other = registered(api, past, 100), registered(api, past, 100)
    for _ in range(10):
        past.event(5)
    replay = ask(api, past, rate=10)
    run(past, 1)
    change(past, other, active=False)
    run(past, 1)
    change(past, other, active=True)
    late = registered(api, past, 100)  # not counted, so it gets nothing
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


@pytest.mark.parametrize("values", [{"cursor": "of another release"}, {"rate": 0}])
def test_one_that_cannot_be_read_stops_with_its_reason_and_holds_up_no_other(api, past, hook, values):
    past.event(5)
    change(past, hook, missed_since=past.ago(6))
    odd = ask(api, past)
    other = ask(api, past)
    with writing_connection(past.engine) as connection:
        connection.execute(update(Replay).where(Replay.id == odd["id"]).values(**values))
    assert run(past) < 10
    stopped = shown(api, odd)
    assert (stopped["state"], made(past, odd)) == ("stopped", [])
    assert stopped["reason"].startswith("It cannot be read (")
    assert (shown(api, other)["state"], len(made(past, other))) == ("finished", 1)
    assert api("GET", f"/api/v1/webhooks/{hook}")[1]["missed_since"] is not None
