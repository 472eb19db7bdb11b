"""A worker that has a webhook to itself takes more than its in-flight cap, to begin with when earlier ones end."""

from __future__ import annotations

import pytest

from sender.services.deliveries import claim
from tests.sender.claiming.test_fair_share import MANY, publish, to, two

CAP = 10  # the default


@pytest.fixture
def fast(api, sink, deliverer):
    """A webhook that has answered within 5 ms and is owed much."""
    hook = api.webhook(sink.url())
    publish(api, "payment_received", MANY)
    deliverer.set(hook["id"], last_duration_ms=5)
    return hook


def test_a_webhook_that_has_the_queue_for_itself_fills_the_places_for_it(deliverer, fast):
    first = deliverer.claim(60, ahead=40)
    assert len(first) == CAP + 40
    assert {claimed.max_in_flight for claimed in first} == {CAP}, "what the sending threads keep to"
    assert [claimed.ahead for claimed in first] == [False] * CAP + [True] * 40
    assert len(deliverer.claim(60, ahead=20, holding=first)) == 20


def test_the_others_come_first(api, sink, deliverer):
    busy, other = two(api, sink)
    deliverer.set(busy["id"], last_duration_ms=5)
    claimed = deliverer.claim(60, ahead=60)
    assert (len(to(busy, claimed)), len(to(other, claimed))) == (59, 1)


@pytest.mark.parametrize(
    ("facts", "taken"),
    [
        ({"last_duration_ms": None}, CAP),  # nobody knows how long it takes
        ({"last_duration_ms": 0}, 100),
        ({"last_duration_ms": 50}, CAP + 2 * CAP),  # two for each that is under way, to be sent within 100 ms
        ({"last_duration_ms": 101}, CAP),
        ({"last_duration_ms": 5, "failure_count": 1}, CAP),
        ({"last_duration_ms": 5, "rate_limit": 500, "rate_period": "second"}, CAP),  # those are to begin at once
        ({"last_duration_ms": 5, "max_in_flight": 1}, 21),
    ],
)
def test_only_what_will_be_sent_soon_is_taken_ahead(deliverer, fast, facts, taken):
    deliverer.set(fast["id"], **facts)
    assert len(deliverer.claim(100, ahead=90)) == taken


def test_what_is_held_counts(deliverer, fast):
    deliverer.set(fast["id"], last_duration_ms=50)
    first = deliverer.claim(15, ahead=5)
    assert len(first) == 15
    assert len(deliverer.claim(100, ahead=100, holding=first)) == 15


def test_retries_are_not_taken_ahead(deliverer, fast):
    for claimed in deliverer.claim(MANY, ahead=MANY):
        deliverer.answer(claimed, 500)
    deliverer.wait(hours=1)
    deliverer.set(fast["id"], last_duration_ms=5, failure_count=0, blocked_until=None, blocked_reason=None)
    deliverer.sweep()
    claimed = deliverer.claim(MANY, ahead=MANY)
    assert len(claimed) == CAP
    assert all(one.slow for one in claimed)


def test_two_workers_keep_to_the_cap_between_them(deliverer, fast):
    first = deliverer.claim(4)
    second = deliverer.claim(60, ahead=60)
    assert len(second) == CAP - 4, "the other holds some"
    assert deliverer.claim(60, ahead=60, holding=second) == []
    for claimed in first:
        deliverer.answer(claimed, milliseconds=5)
    second += deliverer.claim(60, ahead=60, holding=second)
    assert len(second) > CAP, "the other holds none"
    assert deliverer.claim(60, ahead=60) == []
    while len(second) > CAP - 3:
        deliverer.answer(second.pop(), milliseconds=5)
    assert len(deliverer.claim(60, ahead=60)) == 3


def test_a_lease_that_has_ended_does_not_hide_that_another_holds_the_delivery_now(deliverer, fast):
    first = deliverer.claim(3)
    deliverer.wait(minutes=2)
    deliverer.claim(3)
    assert len(deliverer.claim(60, ahead=60, holding=first)) == CAP - 3


def test_what_is_taken_ahead_leaves_half_of_the_space_for_payloads_to_others(deliverer, fast, monkeypatch):
    held = deliverer.claim(1)
    half, longest = 500, len('{"number":149}')
    monkeypatch.setattr(claim, "MOST_PAYLOAD", 2 * half)
    held += deliverer.claim(100, ahead=100, holding=held, space=2 * half)
    left = 2 * half - sum(len(claimed.message.payload) for claimed in held[1:])
    assert len(held) > CAP
    assert half <= left < half + longest
    assert deliverer.claim(100, ahead=100, holding=held, space=left) == []
