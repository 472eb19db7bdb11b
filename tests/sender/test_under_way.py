"""What ties up a worker's threads: what was known to be slow when it was claimed, and what turns out to hang."""

from __future__ import annotations

import pytest

from sender.core.payload import Destination, Message
from sender.services.deliveries import HANGING_AFTER, Claimed
from sender.under_way import UnderWay
from shared import clock

QUICKLY = HANGING_AFTER.total_seconds() * 0.9


@pytest.fixture
def tick(monkeypatch):
    """Let seconds pass."""
    now = [100.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])

    def tick(seconds):
        now[0] += seconds

    return tick


def claims(count, *, slow=False, start=0):
    message = Message("evt_1", "payment_received", clock.now(), "{}")
    destination = Destination("whk_1", "http://sink.example/", "standard", {"scheme": "none"}, {}, ())
    return [
        Claimed(f"dlv_{number}", "claim", "whk_1", False, message, destination, slow)
        for number in range(start, start + count)
    ]


def test_those_that_begin_to_hang_count_as_slow_though_nobody_knew_when_they_were_claimed(tick):
    under_way = UnderWay()
    under_way.add(claims(20))
    under_way.add(claims(3, slow=True, start=20))
    assert under_way.slow() == 3
    tick(QUICKLY)
    under_way.add(claims(5, start=30))
    assert under_way.slow() == 3
    tick(QUICKLY)
    assert under_way.slow() == 23


def test_what_has_ended_ties_up_nothing(tick):
    under_way = UnderWay()
    taken = claims(4)
    under_way.add(taken)
    tick(10)
    under_way.remove(taken[:3])
    assert (len(under_way), under_way.slow()) == (1, 1)
    assert under_way.claims() == taken[3:]


def test_the_payloads_of_what_is_held_are_counted_once_for_each_and_no_longer_than_they_are_held():
    under_way = UnderWay()
    held = claims(3)
    under_way.add(held)
    assert under_way.payload_size == 3 * len("{}")
    under_way.remove(held[:2])
    under_way.remove(held[:1])  # given back twice
    assert under_way.payload_size == len("{}")
