"""What a claim takes: what is due, of webhooks that can take it, and nothing that another holds."""

from __future__ import annotations

import importlib
import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sender.models import Delivery, Webhook
from sender.services.deliveries import Capacity, claim_due, is_due, release_held
from shared import clock
from shared.database import writing_connection
from tests.sender.claiming.claims import LEASE, answered, cap, keys, take, write


def test_two_claimers_at_once_share_the_work_and_nothing_is_taken_twice(api, sink, claim, engine):
    cap(engine, api.webhook(sink.url()), 100)
    api.publish(40)
    start, taken = threading.Barrier(4), [[] for _ in range(4)]

    def work(mine):
        start.wait()
        while sum(map(len, taken)) < 40:  # on PostgreSQL a claim may find nothing while another is made
            mine += claim(limit=3)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [key for mine in taken for key in keys(mine)]
    assert len(found) == len(set(found)) == 40
    claim_ids = [{claimed.claim_id for claimed in mine} for mine in taken]
    assert sum(map(len, claim_ids)) == len(set.union(*claim_ids)), "each claim has an id of its own"


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_second_connection_passes_over_webhooks_that_the_first_is_just_deciding_about(api, sink, engine, context):
    api.webhook(sink.url())
    api.publish(70)
    other_webhook = api.webhook(sink.url())
    api.publish()
    with writing_connection(engine) as one, writing_connection(engine) as other:
        first = take(one, context.vault, limit=2)  # it looks at the 64 that have waited longest
        other.exec_driver_sql("SET LOCAL lock_timeout = '10s'")  # to fail rather than hang, were it to wait
        second = take(other, context.vault, limit=100)
    assert len(first) == 2
    assert [claimed.webhook_id for claimed in second] == [other_webhook["id"]]


def test_oldest_due_comes_first_and_no_more_than_asked(api, sink, claim, engine):
    api.webhook(sink.url())
    api.publish(6)
    first, second = claim(limit=2), claim(limit=10)
    assert (len(first), len(second)) == (2, 4)
    with engine.connect() as connection:
        in_order = connection.scalars(select(Delivery.id).order_by(Delivery.created_at)).all()
    assert keys(first + second) == list(in_order)


def test_a_webhook_at_its_cap_gets_no_more_over_all_workers_and_holds_up_no_other(api, sink, claim, engine):
    full = api.webhook(sink.url())
    cap(engine, full, 2)
    api.publish(300)  # more than a claim looks at
    other = api.webhook(sink.url())
    api.publish(3)
    claims = claim(limit=4)
    assert [claimed.webhook_id for claimed in claims] == [full["id"]] * 2 + [other["id"]] * 2
    (last,) = claim(limit=4)
    assert last.webhook_id == other["id"]
    write(engine, answered(claims[0]))
    assert [claimed.webhook_id for claimed in claim(limit=4)] == [full["id"]]


def test_a_claim_takes_no_more_payload_than_there_is_space_for_but_one_at_least(api, sink, engine, context):
    for _ in range(3):
        api.webhook(sink.url())
    body = {"type": "payment_received", "payload": {"text": "x" * 1000}}
    for _ in range(4):
        assert api("POST", "/api/v1/events", body)[0] == 202
    size = len(json.dumps(body["payload"]))

    def taken(space):
        with writing_connection(engine) as connection:
            return claim_due(
                connection, context.vault, clock.now(), Capacity(100, 100, space=space), lease_seconds=LEASE
            )

    assert taken(0).taken == []
    one = taken(1)
    assert (len(one.taken), one.more) == (1, True)
    some = taken(5 * size + size // 2)
    assert (len(some.taken), some.more) == (5, True)
    assert all(len(json.loads(each.message.payload)["text"]) == 1000 for each in some.taken)
    rest = taken(100 * size)
    assert (len(rest.taken), rest.more) == (6, False)


def test_what_a_paused_webhook_is_owed_waits_until_it_is_resumed(api, sink, claim, engine):
    paused, other = api.webhook(sink.url()), api.webhook(sink.url())
    api.publish()
    assert api("PATCH", f"/api/v1/webhooks/{paused['id']}", {"active": False})[0] == 200
    (taken,) = claim()
    assert taken.webhook_id == other["id"]
    with engine.connect() as connection:
        held = connection.execute(
            select(Delivery.state, Delivery.next_attempt_at).where(Delivery.webhook_id == paused["id"])
        ).one()
        assert tuple(held) == ("pending", None)
        assert not is_due(connection, clock.now()), "a held delivery must not keep the worker busy"
    assert claim(later=365 * 86400, limit=1)[0].webhook_id == other["id"], "only the lease of the other has ended"
    assert api("PATCH", f"/api/v1/webhooks/{paused['id']}", {"active": True})[0] == 200
    assert release_held(engine, clock.now()) == (True, None)
    (resumed,) = claim()
    assert resumed.webhook_id == paused["id"]


def test_a_deleted_webhook_is_sent_nothing(api, sink, claim, engine):
    webhook = api.webhook(sink.url())
    api.publish()
    assert api("DELETE", f"/api/v1/webhooks/{webhook['id']}")[0] == 204
    assert claim() == []
    with writing_connection(engine) as connection:
        connection.execute(update(Webhook).values(active=True))
    assert claim(later=86400) == []


def test_a_probe_that_was_cancelled_at_the_last_moment_does_not_rest_its_webhook(
    api, sink, engine, context, monkeypatch
):
    hook = api.webhook(sink.url(500))["id"]
    api.publish()
    over = clock.now() - timedelta(seconds=1)
    with writing_connection(engine) as connection:
        resting = {"failure_count": 5, "failing_since": over, "blocked_until": over, "blocked_reason": "breaker"}
        connection.execute(update(Webhook).where(Webhook.id == hook).values(resting))
    claiming = importlib.import_module("sender.services.deliveries.claim")
    real = claiming._write

    def cancel_first(connection, *given):
        finished = {"state": "cancelled", "next_attempt_at": None, "finished_at": clock.now()}
        connection.execute(update(Delivery).values(finished))
        return real(connection, *given)

    monkeypatch.setattr(claiming, "_write", cancel_first)
    with writing_connection(engine) as connection:
        assert take(connection, context.vault) == []
        assert connection.scalar(select(Webhook.blocked_until)) == over
