"""All that is written is announced with it: on PostgreSQL neither workers nor open pages learn of it otherwise."""

from __future__ import annotations

import psycopg
import pytest

from sender import sending
from sender.clock_watch import ClockWatch
from sender.services import replays
from sender.services.context import CHANGES
from shared import clock
from tests.sender.working import working

pytestmark = pytest.mark.parametrize("app", ["postgresql"], indirect=True)


@pytest.fixture
def heard(engine):
    """Return how many transactions have announced themselves since this was last called."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'LISTEN "{CHANGES}"')

        def heard():
            connection.execute("SELECT 1")  # what was committed before comes with its answer
            return len(list(connection.notifies(timeout=0)))

        yield heard


@pytest.fixture
def told(api, heard):
    """Make a request that changes something, and return how many transactions it has announced."""

    def told(method, path, body=None):
        heard()
        status, answer = api(method, f"/api/v1/{path}", body)
        assert status < 300, answer
        return heard()

    return told


def owed(api):
    """Publish an event and return the id of its delivery."""
    api.publish()
    return api("GET", "/api/v1/deliveries?limit=1")[1]["items"][0]["id"]


def test_what_is_published_is_announced(told, hook):
    event = {"type": "payment_received", "payload": {}}
    assert told("POST", "events", event) == 1
    assert told("POST", "events/batch", {"events": [event, event]}) == 1


def test_what_is_done_with_a_delivery_is_announced(api, told, hook):
    path = f"deliveries/{owed(api)}"
    assert told("POST", f"{path}/retry") == 1
    assert told("POST", f"{path}/cancel") == 1
    assert told("POST", f"{path}/resend") == 1
    assert told("POST", f"{path}/resend", {"payload": {"edited": True}}) == 1
    assert told("POST", f"webhooks/{hook['id']}/test", {}) == 1


def test_what_is_changed_of_webhooks_is_announced(api, sink, told, hook, deliverer):
    one = f"webhooks/{hook['id']}"
    assert told("POST", "webhooks", {"name": "Other", "url": sink.url(), "event_types": ["*"]}) == 1
    assert told("PATCH", one, {"name": "Renamed"}) == 1
    assert told("POST", f"{one}/secret/rotate", {}) == 1
    assert told("DELETE", f"{one}/secret/old") == 1
    assert told("POST", f"{one}/permission") == 1
    owed(api)
    deliverer.fail(1)
    assert told("POST", f"{one}/retry") == 1
    deliverer.set(hook["id"], missed_since=deliverer.now)
    assert told("DELETE", f"{one}/missed") == 1
    assert told("DELETE", one) == 1


def test_what_waits_and_goes_to_a_new_url_is_announced(api, sink, told, hook, deliverer):
    deliverer.set_delivery(owed(api), next_attempt_at=deliverer.now)
    assert told("PATCH", f"webhooks/{hook['id']}", {"url": sink.url(204)}) == 2, "the change, and what is due by it"


def test_what_becomes_of_event_types_is_announced(told):
    assert told("POST", "event-types", {"slug": "mine", "name": "Mine", "example": {}}) == 1
    assert told("PATCH", "event-types/mine", {"name": "My own"}) == 1
    assert told("PATCH", "event-types/mine", {"retired": True}) == 1
    assert told("DELETE", "event-types/mine") == 1


def test_replays_and_their_steps_are_announced(past, api, told, heard, hook):
    for _ in range(20):
        past.event(5)
    assert told("POST", "replays", {"since": past.ago(10).isoformat(), "state": "missing"}) == 1
    replays.step(past.engine, clock.now())
    assert heard() == 1
    (replay,) = api("GET", "/api/v1/replays")[1]["items"]
    assert told("POST", f"replays/{replay['id']}/stop") == 1


def test_what_is_settled_of_a_webhook_that_is_off_is_announced(api, heard, hook, deliverer):
    owed(api)
    deliverer.set(hook["id"], active=False)
    heard()
    deliverer.settle()
    assert heard() == 1


def test_what_a_wrong_clock_wrote_and_is_mended_is_announced(api, context, heard, hook, deliverer):
    deliverer.set_delivery(owed(api), next_attempt_at=deliverer.now)
    heard()
    ClockWatch(deliverer.engine, context.settings).follow(clock.now())
    assert heard() == 1


def test_what_a_worker_claims_and_records_is_announced(api, heard, hook, worker):
    heard()
    api.publish()
    api.finished(1)
    assert heard() == 3, "what was published, claimed and recorded"


def test_what_a_worker_gives_back_when_it_stops_is_announced(api, engine, context, heard, hook, gate, monkeypatch):
    monkeypatch.setattr(sending, "SPARE", 0)
    with working(engine, context, grace=0, worker_threads=1):
        api("POST", "/api/v1/events/batch", {"events": [{"type": "payment_received", "payload": {}}] * 2})
        gate.await_waiting(1)
        heard()
    assert heard() == 2, "what was not begun with, and what was under way"


def test_what_a_worker_records_while_it_stops_is_announced(api, engine, context, heard, hook, gate):
    with working(engine, context) as worker:
        api.publish()
        gate.await_waiting(1)
        heard()
        worker.stop()
        gate.open()
    assert heard() == 1
