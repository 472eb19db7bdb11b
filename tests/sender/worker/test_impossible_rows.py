"""A row that this release cannot make sense of fails alone, with its reason; what others are owed goes on."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from shared.database import writing_connection
from tests.sender.working import working

BEYOND = 2**62  # microseconds: no calendar has that moment
UNREADABLE = "The webhook's settings cannot be read"
SECRET, HEADERS = "secret was encrypted with another key", "own headers were encrypted with another key"

ODD = {
    "scheme": ({"signature": json.dumps({"scheme": "newer"})}, "does not know the webhook's signature scheme, 'newer'"),
    "no scheme": ({"signature": "null"}, UNREADABLE),
    "body": ({"body_format": "xml"}, "does not know the webhook's body format, 'xml'"),
    "period": ({"rate_limit": 5, "rate_period": "day"}, "does not know the period of the webhook's rate limit, 'day'"),
    "period, spent": ({"rate_limit": 5, "rate_period": "day", "paced_until": BEYOND}, "the period of the webhook's"),
    "old secrets": ({"old_secrets": json.dumps({"v": 2})}, UNREADABLE),
    "old secret's end": ({"old_secrets": json.dumps([["gAAAA", "2999-01-01T00:00:00"]])}, UNREADABLE),
    "secret": ({"encrypted_secret": "gAAAA\xe9"}, SECRET),
    "headers, not encrypted": ({"encrypted_headers": "caf\xe9"}, HEADERS),
    "headers, a list": ({"encrypted_headers": "locked:[1, 2]"}, HEADERS),
    "headers, no JSON": ({"encrypted_headers": "locked:X-Menu: 1"}, HEADERS),
    "headers, numbers": ({"encrypted_headers": 'locked:{"X-Menu": 1}'}, HEADERS),
}
BEYOND_ALL_CALENDARS = {
    "failing since": {"failing_since": BEYOND, "failure_count": 1},
    "told": {"told_at": -BEYOND},
    "changed": {"updated_at": BEYOND},
    "rate limit": {"rate_limit": 5, "paced_until": BEYOND},
}


def write(engine, context, table, row_id, values):
    """Write values as they are to lie in a row; what is `locked:` is encrypted first."""
    given = {
        name: context.vault.lock(value.removeprefix("locked:")) if str(value).startswith("locked:") else value
        for name, value in values.items()
    }
    names = ", ".join(f"{name} = :{name}" for name in given)
    with writing_connection(engine) as connection:
        connection.execute(text(f"UPDATE {table} SET {names} WHERE id = :id"), {**given, "id": row_id})


@pytest.fixture
def hooks(api, sink):
    """The webhook with an odd row, and another, each with a delivery that is due."""
    hooks = api.webhook(sink.url(201)), api.webhook(sink.url())
    api.publish()
    return hooks


def finished(api, engine, context, hooks):
    """The deliveries of the odd webhook and the other one, when a worker has finished both."""
    # What a rate limit remembers is bounded by how late an attempt may begin, which is half of the lease by default.
    with working(engine, context, total_timeout=1.0, lease=2.0):
        found = {one["webhook_id"]: one for one in api.finished(2)}
    return [found[hook["id"]] for hook in hooks]


@pytest.mark.parametrize(("values", "reason"), ODD.values(), ids=ODD)
def test_settings_of_another_release_fail_their_own_deliveries_only(api, engine, context, sink, hooks, values, reason):
    write(engine, context, "webhooks", hooks[0]["id"], values)
    failed, other = finished(api, engine, context, hooks)
    assert other["state"] == "succeeded"
    assert (failed["state"], [attempt["outcome"] for attempt in failed["attempts"]]) == ("failed", ["internal"] * 2)
    assert reason in failed["attempts"][0]["detail"]
    assert len(sink.requests) == 1


@pytest.mark.parametrize("values", BEYOND_ALL_CALENDARS.values(), ids=BEYOND_ALL_CALENDARS)
def test_a_moment_beyond_all_calendars_stops_nothing(api, engine, context, hooks, values):
    write(engine, context, "webhooks", hooks[0]["id"], values)
    assert [one["state"] for one in finished(api, engine, context, hooks)] == ["succeeded"] * 2


@pytest.mark.parametrize("moment", [BEYOND, -BEYOND])
def test_nor_does_that_of_an_event(api, engine, context, hooks, moment):
    event_id = api("GET", "/api/v1/events")[1]["items"][0]["id"]
    write(engine, context, "events", event_id, {"created_at": moment})
    assert [one["state"] for one in finished(api, engine, context, hooks)] == ["succeeded"] * 2


def test_a_payload_that_cannot_be_read_fails_where_it_has_to_be(api, engine, context, sink):
    hooks = api.webhook(sink.url(), body_format="form"), api.webhook(sink.url())
    api.publish()
    event_id = api("GET", "/api/v1/events")[1]["items"][0]["id"]
    write(engine, context, "events", event_id, {"payload": "{"})
    failed, other = finished(api, engine, context, hooks)
    assert (failed["state"], other["state"]) == ("failed", "succeeded")
    assert "could not be prepared (JSONDecodeError)" in failed["attempts"][0]["detail"]
