"""What is recorded of an attempt: once, in order, and what follows from it for the delivery."""

from __future__ import annotations

from sender.services.deliveries import is_due, next_due
from shared import clock
from tests.sender.claiming.claims import LEASE, RULES, answered, attempts, keys, row, write


def test_a_result_whose_commit_went_through_unnoticed_is_not_recorded_twice(api, sink, claim, engine):
    api.webhook(sink.url())
    api.publish(2)
    one, other = claim()
    results = [answered(one), answered(other, 500, "http_status")]
    write(engine, *results)
    write(engine, *results)
    assert [attempts(engine, claimed) for claimed in (one, other)] == [[(1, 200)], [(1, 500)]]
    assert [row(engine, claimed).attempt_count for claimed in (one, other)] == [1, 1]


def test_both_results_of_one_delivery_in_one_batch_are_told_apart(api, sink, claim, engine):
    api.webhook(sink.url())
    api.publish()
    (slow,) = claim()
    (quick,) = claim(later=LEASE + 1)
    write(engine, answered(quick, 500, "http_status"), answered(slow, 503, "http_status"))
    assert (row(engine, quick).state, row(engine, quick).attempt_count) == ("pending", 2)
    (again,) = claim(later=LEASE)
    write(engine, answered(again))
    assert attempts(engine, quick) == [(1, 500), (2, 503), (3, 200)]


def test_a_retry_is_due_later_and_the_worker_knows_when(api, sink, claim, engine):
    api.webhook(sink.url())
    api.publish()
    (claimed,) = claim()
    write(engine, answered(claimed, 500, "http_status"))
    waiting = row(engine, claimed)
    assert (waiting.state, waiting.claim_id) == ("pending", None)
    with engine.connect() as connection:
        assert not is_due(connection, clock.now())
        assert next_due(connection, clock.now()) == waiting.next_attempt_at
    assert claim() == []
    assert keys(claim(later=RULES.schedule[0] * 1.2 + 1)) == [claimed.delivery_id]


def test_the_last_attempt_of_a_webhook_is_the_one_that_began_last(api, hook, deliverer):
    api.publish(2)
    (first,) = deliverer.claim(1)
    deliverer.wait(seconds=1)
    (last,) = deliverer.claim(1)
    deliverer.record((last, 200), (first, 500))
    shown = deliverer.webhook(hook["id"])
    assert (shown.last_status, shown.last_attempt_at) == (200, deliverer.now)


def test_a_410_from_a_url_that_was_changed_meanwhile_is_a_failure_like_others(api, sink, claim, engine):
    hook = api.webhook(sink.url(410))
    api.publish()
    (claimed,) = claim()
    assert api("PATCH", f"/api/v1/webhooks/{hook['id']}", {"url": sink.url(204)})[0] == 200
    write(engine, answered(claimed, 410, "http_status"))
    status, shown = api("GET", f"/api/v1/deliveries/{claimed.delivery_id}")
    assert (status, shown["state"], len(shown["attempts"])) == (200, "pending", 1)
    assert api("GET", f"/api/v1/webhooks/{hook['id']}")[1]["state"] == "active"
