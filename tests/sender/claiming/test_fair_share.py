"""However many webhooks fail, hang, rest or are at their limits, and whatever they are owed: the others get theirs."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import update

from sender.models import Delivery
from sender.services.deliveries import release
from shared.database import writing_connection
from tests.sender.working import working

MANY = 150  # due deliveries, more than a claim of `FEW` looks at
FEW = 30


def publish(api, kind, count=1):
    events = [{"type": kind, "payload": {"number": number}} for number in range(count)]
    assert api("POST", "/api/v1/events/batch", {"events": events})[0] == 202


def to(hook, claimed):
    return [one for one in claimed if one.webhook_id == hook["id"]]


def two(api, sink, **fields):
    """A webhook that is owed much, and one that is owed one delivery, due last."""
    busy = api.webhook(sink.url(), event_types=["payment_received"], **fields)
    other = api.webhook(sink.url(), event_types=["customer_created"])
    publish(api, "payment_received", MANY)
    publish(api, "customer_created")
    return busy, other


def test_one_dead_endpoint_with_a_long_queue_holds_up_no_other(api, sink, deliverer):
    dead, alive = api.webhook(sink.url()), api.webhook(sink.url(), event_types=["site_published"])
    publish(api, "payment_received", 300)
    publish(api, "site_published", 3)
    taken = Counter(claimed.webhook_id for claimed in deliverer.claim(20))
    assert taken == {dead["id"]: 10, alive["id"]: 3}


def test_many_webhooks_at_their_caps_hide_no_other(api, sink, deliverer):
    for _ in range(60):
        api.webhook(sink.url(), event_types=["payment_received"], max_in_flight=1)
    publish(api, "payment_received", 3)
    assert len(deliverer.claim()) == 60
    other = api.webhook(sink.url(), event_types=["customer_created"])
    publish(api, "customer_created")
    assert [one.webhook_id for one in deliverer.claim(FEW)] == [other["id"]]


def test_what_is_due_of_a_webhook_behind_a_long_queue_is_taken_with_what_is_before_it(api, sink, deliverer):
    busy = api.webhook(sink.url(), event_types=["payment_received"])
    other = api.webhook(sink.url(), event_types=["customer_created"], max_in_flight=100)
    publish(api, "customer_created", 8)
    publish(api, "payment_received", MANY)
    publish(api, "customer_created", 8)
    claimed = deliverer.claim(FEW)
    assert (len(to(other, claimed)), len(to(busy, claimed))) == (16, 10)


@pytest.mark.parametrize("slow_free", [-5, 0, 5])
def test_slow_webhooks_with_long_queues_hide_no_healthy_one(api, sink, deliverer, slow_free):
    busy, other = two(api, sink, max_in_flight=100)
    deliverer.set(busy["id"], failure_count=1)
    claimed = deliverer.claim(FEW, slow_free=slow_free)
    assert len(to(other, claimed)) == 1
    assert len(to(busy, claimed)) == max(0, slow_free)


@pytest.mark.parametrize("slow_free", [0, 5])
def test_retries_hide_no_first_tries_of_the_same_webhook(api, sink, deliverer, slow_free):
    hook = api.webhook(sink.url(), max_in_flight=500)
    publish(api, "payment_received", MANY)
    for claimed in deliverer.claim(MANY):
        deliverer.answer(claimed, 500)
    deliverer.set(hook["id"], failure_count=0, blocked_until=None, blocked_reason=None)
    with writing_connection(deliverer.engine) as connection:
        connection.execute(update(Delivery).values(next_attempt_at=deliverer.now - timedelta(days=1)))
    publish(api, "payment_received", 3)
    claimed = deliverer.claim(FEW, slow_free=slow_free)
    assert [one.slow for one in claimed] == [True] * slow_free + [False] * 3


def test_a_rest_that_is_over_ends_though_another_has_a_long_queue(api, sink, deliverer):
    _, other = two(api, sink, rate_limit=1, rate_period="minute")
    rests_until = deliverer.now + timedelta(seconds=2)
    deliverer.set(other["id"], blocked_until=rests_until, blocked_reason="retry_after", failure_count=1)
    assert len(deliverer.claim(FEW)) == 1, "all that the limit of the one allows"
    deliverer.now = rests_until
    (probe,) = deliverer.claim(FEW)
    assert (probe.webhook_id, probe.slow) == (other["id"], True)
    deliverer.answer(probe)
    assert deliverer.webhook(other["id"]).blocked_until is None


def test_a_rest_that_is_over_gives_one_probe_however_long_the_queue_is(api, sink, deliverer):
    hook = api.webhook(sink.url(), max_in_flight=100)
    publish(api, "payment_received", MANY)
    deliverer.set(hook["id"], blocked_until=deliverer.now, blocked_reason="breaker", failure_count=5)
    assert len(deliverer.claim(FEW)) == 1


def test_a_probe_keeps_to_the_rate_limit(api, sink, deliverer):
    hook = api.webhook(sink.url(), rate_limit=1, rate_period="minute")
    publish(api, "payment_received", 2)
    (first,) = deliverer.claim()
    deliverer.answer(first, 503, Retry_After="2")
    deliverer.wait(seconds=3)
    deliverer.sweep()
    assert deliverer.claim() == []
    deliverer.wait(seconds=60)
    assert len(to(hook, deliverer.claim())) == 1


def test_a_webhook_behind_a_long_queue_is_sent_to_as_soon_as_its_rate_limit_allows(api, sink, deliverer):
    _, other = two(api, sink, rate_limit=1, rate_period="minute")
    deliverer.set(other["id"], rate_limit=2, rate_period="minute")
    publish(api, "customer_created")
    assert len(to(other, deliverer.claim(FEW))) == 1
    opens_at = deliverer.claim_whole(FEW).opens_at
    assert opens_at - deliverer.now < timedelta(seconds=31), "that of the other, not a minute"
    deliverer.now = opens_at
    assert len(to(other, deliverer.claim(FEW))) == 1


def test_a_webhook_whose_last_attempt_took_long_is_slow_until_one_is_quick(api, sink, deliverer):
    api.webhook(sink.url(), max_in_flight=100)
    publish(api, "payment_received", 20)
    quick, slow, again = (1.0, 1500.0, 900.0)
    for milliseconds, is_slow in ((quick, False), (slow, True), (again, False)):
        (claimed,) = deliverer.claim(1)
        deliverer.answer(claimed, milliseconds=milliseconds)
        (claimed,) = deliverer.claim(1)
        assert claimed.slow is is_slow
        deliverer.answer(claimed, milliseconds=milliseconds)


def test_a_webhook_with_an_attempt_under_way_for_long_is_slow(api, sink, deliverer):
    api.webhook(sink.url())
    publish(api, "payment_received", 3)
    (first,) = deliverer.claim(1)
    (second,) = deliverer.claim(1)
    deliverer.wait(seconds=2)
    (third,) = deliverer.claim(1)
    assert [one.slow for one in (first, second, third)] == [False, False, True]


def test_a_probe_that_is_given_back_is_followed_by_another_at_once(api, sink, deliverer):
    hook = api.webhook(sink.url())
    publish(api, "payment_received", 3)
    deliverer.set(hook["id"], blocked_until=deliverer.now, blocked_reason="breaker", failure_count=5)
    (probe,) = deliverer.claim()
    assert deliverer.webhook(hook["id"]).blocked_reason == "probing"
    with writing_connection(deliverer.engine) as connection:
        release(connection, [probe], deliverer.now)
    (another,) = deliverer.claim()
    assert another.webhook_id == hook["id"]


def test_what_is_given_back_does_not_end_a_rest_that_came_meanwhile(api, sink, deliverer):
    hook = api.webhook(sink.url())
    deliverer.set(hook["id"], failure_count=1)
    publish(api, "payment_received", 2)
    first, second = deliverer.claim()
    deliverer.answer(first, 503, Retry_After="120")
    asked_until = deliverer.now + timedelta(seconds=120)
    with writing_connection(deliverer.engine) as connection:
        release(connection, [second], deliverer.now)
    row = deliverer.webhook(hook["id"])
    assert (row.blocked_until, row.blocked_reason) == (asked_until, "retry_after")
    assert deliverer.claim() == []


@pytest.fixture
def small_worker(engine, context, request):
    """A worker that makes few attempts at once."""
    with working(engine, context, grace=0, worker_threads=getattr(request, "param", 2)) as worker:
        yield worker


def test_endpoints_that_begin_to_hang_hold_all_threads_but_not_those_for_others(api, sink, gate, small_worker):
    dead = [api.webhook(sink.url(), event_types=["payment_received"]) for _ in range(5)]
    healthy = api.webhook(sink.url(), event_types=["customer_created"], headers=gate.PASSES)
    publish(api, "payment_received", 20)
    gate.await_waiting(2)  # as many as there are threads
    publish(api, "customer_created", 3)
    found = api.finished(3)
    assert {one["webhook_id"] for one in found} == {healthy["id"]}
    owed = [api("GET", f"/api/v1/webhooks/{hook['id']}")[1]["owed"] for hook in dead]
    assert owed == [20] * 5, "nothing of these has ended"


@pytest.mark.parametrize("small_worker", [4], indirect=True)
def test_webhooks_known_to_be_slow_get_half_of_the_threads(app, api, sink, gate, deliverer, small_worker):
    dead = api.webhook(sink.url(), event_types=["payment_received"])
    api.webhook(sink.url(), event_types=["customer_created"], headers=gate.PASSES)
    deliverer.set(dead["id"], failure_count=1)
    publish(api, "payment_received", 20)
    gate.await_waiting(2)
    publish(api, "customer_created")
    api.finished(1)
    assert not gate.is_anyone_waiting()


@pytest.mark.parametrize("small_worker", [1], indirect=True)
def test_one_thread_makes_retries_and_probes_too(api, sink, small_worker):
    api.webhook(sink.url(500))
    publish(api, "payment_received")
    (failed,) = api.finished(1)
    assert len(failed["attempts"]) == 2
