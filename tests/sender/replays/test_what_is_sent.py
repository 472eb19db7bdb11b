"""What a replay sends: which pairs of event and webhook, once each, and as many as were counted."""

from __future__ import annotations

import random

import pytest

from tests.sender.replays.replaying import ask, change, made, pairs, registered, run, shown


def test_by_default_what_did_not_arrive_is_sent_once_more(api, past, hook):
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


def test_missing_is_what_matches_now_and_no_webhook_got(api, past, hook):
    wanted, other = past.event(5), past.event(5, "site_published")
    globbing = registered(api, past, 100, event_types=["site_*"])
    replay = ask(api, past, state="missing")
    run(past)
    assert pairs(past, replay) == {(wanted, hook): 1, (other, globbing): 1}


def test_a_new_webhook_is_filled_up_only_when_missing_is_asked_for(api, past):
    late = registered(api, past, 3)
    before, after = past.event(5), past.event(2)
    assert ask(api, past)["total"] == 1
    assert ask(api, past, webhook_id=late)["total"] == 1
    replay = ask(api, past, webhook_id=late, state="missing")
    run(past, 1)
    assert replay["total"] == 2
    assert (before, late) in pairs(past, replay)
    assert after


def test_tests_operational_events_and_edited_resends_are_not_missing(api, past):
    every = registered(api, past, 100, event_types=["*", "webhook.*"])
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


def test_webhook_event_type_and_time_narrow_it(api, past, hook):
    other = registered(api, past, 100, event_types=["*"])
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


def test_paused_disabled_and_deleted_webhooks_get_nothing(api, past):
    hooks = [registered(api, past, 100) for _ in range(4)]
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


@pytest.mark.parametrize("state", [None, "succeeded", "failed", "cancelled", "missing"])
def test_the_count_is_what_the_steps_make_and_both_are_what_the_rules_say(api, past, state):
    chance = random.Random(7)
    kinds = ("payment_received", "site_published", "webhook.failing")
    types = (["payment_*"], ["*"], ["site_published", "webhook.*"])
    hooks = {registered(api, past, days, event_types=types[n % 3]): n for n, days in enumerate((9, 3, 6, 1, 9))}
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
