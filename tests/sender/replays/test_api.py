"""Replays by the API: what is refused, the list, and how a replay and its deliveries lead to one another."""

from __future__ import annotations

import pytest

from tests.sender.replays.replaying import ask, pairs, registered, run


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


def test_replays_are_listed_newest_first_a_page_at_a_time(api, past, hook):
    past.event(5)
    asked = [ask(api, past, rate=rate)["id"] for rate in (1, 2, 3)]
    _, page = api("GET", "/api/v1/replays?limit=2")
    assert [one["id"] for one in page["items"]] == sorted(asked)[:0:-1]
    _, rest = api("GET", f"/api/v1/replays?limit=2&cursor={page['next_cursor']}")
    assert [one["id"] for one in rest["items"]] == sorted(asked)[:1]
    assert api("GET", "/api/v1/replays?cursor=x")[0] == 422
    assert api("GET", f"/api/v1/replays/{asked[0]}")[1]["rate"] == 1


def test_the_deliveries_of_a_replay_are_found_by_it(api, past, hook):
    past.event(5)
    past.delivery(past.event(5), hook, "failed", 5)
    replay = ask(api, past, state="missing")
    run(past)
    _, page = api("GET", f"/api/v1/deliveries?replay_id={replay['id']}")
    assert [row["replay_id"] for row in page["items"]] == [replay["id"]]


def test_the_same_key_again_still_gives_the_deliveries_of_its_publication(api, past):
    event = {"type": "payment_received", "payload": {}}
    first = api("POST", "/api/v1/events", event, Idempotency_Key="k")
    hook = registered(api, past, 100)
    replay = ask(api, past, state="missing")
    run(past)
    assert {webhook for _, webhook in pairs(past, replay)} == {hook}
    assert api("POST", "/api/v1/events", event, Idempotency_Key="k") == first
    _, owed = api("GET", f"/api/v1/deliveries?webhook_id={hook}")
    for path in (f"deliveries/{one['id']}/{verb}" for one in owed["items"] for verb in ("cancel", "resend")):
        assert api("POST", f"/api/v1/{path}")[0] in (200, 202)
    assert api("POST", "/api/v1/events", event, Idempotency_Key="k") == first
