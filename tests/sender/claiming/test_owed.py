"""A webhook with a long queue is paused, ends or moves in short transactions, and all of the queue follows."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event, func, insert, select

from sender.models import Delivery, db
from sender.services import outbox
from sender.services.deliveries import Settling, owed
from shared import clock, moments
from shared.database import writing_connection
from tests.sender.deliverer import LEASE

MANY = 3 * owed.AT_ONCE + 100


pytestmark = pytest.mark.usefixtures("one_time")


@pytest.fixture
def owe(deliverer, past):
    """Owe a webhook many deliveries that wait for a retry; what is due last is of the oldest event.

    Attempted before, as a worker makes first tries that wait due at once: only a wrong clock can have written them.
    """
    newer, oldest = past.event(1), past.event(3)

    def owe(webhook_id, count=MANY, **values):
        later = deliverer.now + timedelta(hours=1)
        rows = [
            outbox.new_delivery(newer if number else oldest, "payment_received", webhook_id, past.now)
            | {"next_attempt_at": later - timedelta(seconds=number), "attempt_count": 1}
            | values
            for number in range(count)
        ]
        with writing_connection(deliverer.engine) as connection:
            connection.execute(insert(Delivery), rows)
        return past.ago(3)

    return owe


@pytest.fixture
def before_it_is_written(monkeypatch):
    """Have something happen between what is owed being found and being written."""
    real = owed.writing_connection

    def arrange(happens):
        def writing_connection(engine):
            monkeypatch.setattr(owed, "writing_connection", real)
            happens()
            return real(engine)

        monkeypatch.setattr(owed, "writing_connection", writing_connection)

    return arrange


def states(engine):
    """How many deliveries there are in each state: "timed" are pending and have a time, "held" have none."""
    query = select(Delivery.state, Delivery.next_attempt_at.is_not(None), func.count())
    with engine.connect() as connection:
        rows = connection.execute(query.group_by(Delivery.state, Delivery.next_attempt_at.is_not(None))).all()
    names = {("pending", True): "timed", ("pending", False): "held"}
    return Counter({names.get((state, bool(timed)), state): count for state, timed, count in rows})


class Written:
    """The most deliveries that were written in one transaction since it was made."""

    def __init__(self, engine):
        self.engine, self.now, self.most = engine, 0, 0
        event.listen(engine, "after_cursor_execute", self._note)
        event.listen(engine, "commit", self._end)

    def _note(self, _connection, cursor, statement, *_):
        if statement.startswith("UPDATE deliveries"):
            self.now += cursor.rowcount
            self.most = max(self.most, self.now)

    def _end(self, _connection):
        self.now = 0


def test_a_long_queue_is_put_aside_and_released_in_parts(api, sink, deliverer, owe):
    hook = api.webhook(sink.url())["id"]
    owe(hook)
    written = Written(deliverer.engine)
    assert api("PATCH", f"/api/v1/webhooks/{hook}", {"active": False})[0] == 200
    assert states(deliverer.engine) == {"held": owed.AT_ONCE, "timed": MANY - owed.AT_ONCE}
    deliverer.wait(hours=2)
    assert deliverer.claim(1) == [], "the rest is due, but its webhook is paused"
    deliverer.settle()
    assert states(deliverer.engine) == {"held": MANY}
    assert Settling(deliverer.engine).step(deliverer.now) is False
    assert api("PATCH", f"/api/v1/webhooks/{hook}", {"active": True})[0] == 200
    for _ in range(4):
        deliverer.sweep()
    assert states(deliverer.engine) == {"timed": MANY}
    assert written.most == owed.AT_ONCE


@pytest.mark.parametrize("held", [False, True])
def test_a_long_queue_of_a_deleted_webhook_is_cancelled_in_parts(api, sink, deliverer, owe, held):
    hook = api.webhook(sink.url())["id"]
    owe(hook, **({"next_attempt_at": None} if held else {}))
    written = Written(deliverer.engine)
    assert api("DELETE", f"/api/v1/webhooks/{hook}")[0] == 204
    assert states(deliverer.engine)["cancelled"] == owed.AT_ONCE
    deliverer.settle()
    assert states(deliverer.engine) == {"cancelled": MANY}
    assert written.most == owed.AT_ONCE
    assert {row.reason for row in deliverer.deliveries(hook)} == {"The webhook was deleted."}
    assert deliverer.webhook(hook).missed_since is None


def test_a_410_cancels_a_long_queue_in_parts_and_all_of_it_is_missed(api, sink, deliverer, owe):
    hook = api.webhook(sink.url())["id"]
    oldest = owe(hook)
    assert api("POST", "/api/v1/events", {"type": "payment_received", "payload": {}})[0] == 202
    written = Written(deliverer.engine)
    deliverer.answer(deliverer.claim(1)[0], 410)
    assert deliverer.webhook(hook).missed_since > oldest, "the oldest is the last in the queue"
    deliverer.settle()
    assert states(deliverer.engine) == {"cancelled": MANY, "failed": 1}
    assert deliverer.webhook(hook).missed_since == oldest
    assert written.most <= owed.AT_ONCE + 1
    deliverer.wait(seconds=1)
    given = {"webhook_id": hook, "since": moments.rfc3339(oldest), "dry_run": True}
    assert api("POST", "/api/v1/replays", given)[1]["count"] == 3, "the two events of the queue, and the published one"


@pytest.mark.parametrize("ends", ["cancelled", "failed"])
def test_what_was_under_way_when_its_webhook_was_disabled_is_missed_if_it_fails(api, sink, deliverer, ends):
    hook = api.webhook(sink.url())["id"]
    moments = []
    for _ in range(2):
        moments.append(deliverer.now)
        assert api("POST", "/api/v1/events", {"type": "payment_received", "payload": {}})[0] == 202
        deliverer.wait(seconds=10)
    first, second = deliverer.claim()
    deliverer.answer(second, 410)
    assert deliverer.webhook(hook).missed_since == moments[1]
    if ends == "failed":
        deliverer.rules = type(deliverer.rules)(schedule=())
    deliverer.answer(first, 500)
    assert [row.state for row in deliverer.deliveries(hook)] == [ends, "failed"]
    assert deliverer.webhook(hook).missed_since == moments[0]


def test_a_test_that_is_cancelled_is_nothing_that_was_missed(api, hook, deliverer):
    test = api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})[1]
    assert api("POST", f"/api/v1/deliveries/{test['id']}/resend", {})[0] == 202
    deliverer.set(hook["id"], active=False, disabled_reason="gone")
    deliverer.settle()
    assert {row.state for row in deliverer.deliveries(hook["id"])} == {"succeeded", "cancelled"}
    assert deliverer.webhook(hook["id"]).missed_since is None


def test_a_webhook_that_is_on_again_keeps_what_is_left_of_its_queue(api, sink, deliverer, owe, before_it_is_written):
    hook = api.webhook(sink.url())["id"]
    owe(hook)
    assert api("PATCH", f"/api/v1/webhooks/{hook}", {"active": False})[0] == 200
    before_it_is_written(lambda: api("PATCH", f"/api/v1/webhooks/{hook}", {"active": True}))
    Settling(deliverer.engine).step(deliverer.now)
    assert states(deliverer.engine) == {"held": owed.AT_ONCE, "timed": MANY - owed.AT_ONCE}


@pytest.mark.parametrize("ended", [False, True], ids=["paused", "deleted"])
def test_what_was_begun_since_it_was_found_keeps_its_lease(api, hook, deliverer, before_it_is_written, ended):
    """Without one it would be sent for ever, should its worker die, or be cancelled although it arrives."""
    api.publish()
    deliverer.set(hook["id"], active=False)

    def begin():
        deliverer.set(hook["id"], active=True)
        assert len(deliverer.claim()) == 1
        deliverer.set(hook["id"], active=False, deleted_at=deliverer.now if ended else None)

    before_it_is_written(begin)
    assert Settling(deliverer.engine).step(deliverer.now)
    (row,) = deliverer.deliveries(hook["id"])
    assert (row.state, row.next_attempt_at) == ("sending", deliverer.now + timedelta(seconds=LEASE))


def test_what_was_begun_since_its_webhook_moved_keeps_its_lease(api, sink, hook, deliverer, owe, before_it_is_written):
    """Due at once, it would be sent a second time while the first attempt goes on."""
    owe(hook["id"], 1)
    (waiting,) = deliverer.deliveries(hook["id"])

    def begin():
        deliverer.set_delivery(waiting.id, next_attempt_at=deliverer.now)
        assert len(deliverer.claim()) == 1

    before_it_is_written(begin)
    assert api("PATCH", f"/api/v1/webhooks/{hook['id']}", {"url": sink.url(204)})[0] == 200
    (row,) = deliverer.deliveries(hook["id"])
    assert (row.state, row.next_attempt_at) == ("sending", deliverer.now + timedelta(seconds=LEASE))


def test_all_that_waits_goes_to_a_new_url_at_once(api, sink, deliverer, owe):
    hook = api.webhook(sink.url())["id"]
    owe(hook)
    written = Written(deliverer.engine)
    assert api("PATCH", f"/api/v1/webhooks/{hook}", {"url": sink.url(204)})[0] == 200
    with deliverer.engine.connect() as connection:
        due = select(func.count()).where(Delivery.next_attempt_at <= deliverer.now)
        assert connection.scalar(due) == MANY
    assert written.most == owed.AT_ONCE


def test_each_of_many_webhooks_that_are_off_gets_its_turn(api, sink, deliverer, owe, monkeypatch):
    hooks = [api.webhook(sink.url())["id"] for _ in range(5)]
    for hook in hooks:
        deliverer.set(hook, active=False, disabled_reason="gone")
        owe(hook, 2)
    monkeypatch.setattr(owed, "AT_ONCE", 3)
    written = Written(deliverer.engine)
    deliverer.settle()
    assert states(deliverer.engine) == {"cancelled": 10}
    assert written.most <= 3


def test_a_worker_settles_by_itself(api, sink, app, owe, worker):
    hook = api.webhook(sink.url())["id"]
    owe(hook)
    assert api("DELETE", f"/api/v1/webhooks/{hook}")[0] == 204
    assert len(api.finished(200)) == 200
    with app.app_context():
        deadline = clock.monotonic() + 30
        while states(db.engine)["cancelled"] < MANY:
            assert clock.monotonic() < deadline, states(db.engine)
