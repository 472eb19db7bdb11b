"""A claim ends with its lease or when it is given back, and only its holder moves the delivery on."""

from __future__ import annotations

from datetime import timedelta

from sender.services import retention
from sender.services.deliveries import release
from shared import clock
from shared.database import writing_connection
from tests.sender.claiming.claims import LEASE, answered, attempts, keys, row, write


def test_a_lease_that_has_ended_is_taken_by_another_and_one_that_has_not_is_not(api, sink, claim, engine):
    api.webhook(sink.url())
    api.publish()
    (lost,) = claim()
    assert row(engine, lost).state == "sending"
    assert claim(later=LEASE / 2) == []
    (found,) = claim(later=LEASE + 1)
    assert found.delivery_id == lost.delivery_id
    assert found.claim_id != lost.claim_id


def test_what_is_given_back_is_due_at_once_and_only_its_holder_can_give_it_back(api, sink, claim, engine):
    api.webhook(sink.url())
    api.publish()
    (slow,) = claim()
    (quick,) = claim(later=LEASE + 1)
    with writing_connection(engine) as connection:
        release(connection, [slow], clock.now())
    assert row(engine, quick).claim_id == quick.claim_id
    with writing_connection(engine) as connection:
        release(connection, [quick], clock.now())
    assert (row(engine, quick).state, row(engine, quick).claim_id) == ("pending", None)
    assert attempts(engine, quick) == []
    assert keys(claim()) == [quick.delivery_id]


def test_a_late_result_is_kept_as_an_attempt_and_moves_nothing(api, sink, claim, engine):
    webhook = api.webhook(sink.url())
    api.publish()
    (slow,) = claim()
    (quick,) = claim(later=LEASE + 1)
    before = row(engine, quick)
    write(engine, answered(slow, 500, "http_status"))
    after = row(engine, quick)
    assert (after.state, after.claim_id, after.next_attempt_at) == (
        "sending",
        quick.claim_id,
        before.next_attempt_at,
    )
    write(engine, answered(quick))
    assert row(engine, quick).state == "succeeded"
    assert attempts(engine, quick) == [(1, 500), (2, 200)]
    _, webhook = api("GET", f"/api/v1/webhooks/{webhook['id']}")
    assert (webhook["succeeded_count"], webhook["failed_count"]) == (1, 0)


def test_a_late_result_never_changes_what_is_finished(api, sink, claim, engine):
    api.webhook(sink.url())
    api.publish()
    (slow,) = claim()
    (quick,) = claim(later=LEASE + 1)
    write(engine, answered(quick))
    finished = row(engine, quick)
    write(engine, answered(slow, 500, "http_status"))
    assert attempts(engine, quick) == [(1, 200), (2, 500)]
    assert row(engine, quick)._asdict() == finished._asdict() | {"attempt_count": 2}


def test_a_result_that_comes_after_retention_is_dropped(api, sink, claim, engine):
    api.webhook(sink.url())
    api.publish()
    (slow,) = claim()
    (quick,) = claim(later=LEASE + 1)
    write(engine, answered(quick))
    assert retention.prune(engine, clock.now() + timedelta(days=1)) == 2  # the delivery and its event
    write(engine, answered(slow))
    assert attempts(engine, slow) == []
