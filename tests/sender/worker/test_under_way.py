"""What ties up a worker's threads: what was known to be slow when it was claimed, and what turns out to hang."""

from __future__ import annotations

from sender.core.payload import Destination, Message
from sender.services.deliveries import Claimed
from sender.under_way import UnderWay
from shared import clock


def claims(count, *, slow=False, start=0):
    message = Message("evt_1", "payment_received", clock.now(), "{}")
    destination = Destination("whk_1", "http://sink.example/", "standard", {"scheme": "none"}, {}, ())
    return [
        Claimed(f"dlv_{number}", "claim", "whk_1", False, message, destination, slow)
        for number in range(start, start + count)
    ]


def test_those_that_hang_count_as_slow_though_nobody_knew_when_they_were_claimed():
    under_way = UnderWay()
    taken = claims(20)
    under_way.add(taken)
    under_way.add(claims(3, slow=True, start=20))
    assert under_way.slow([]) == 3
    assert under_way.slow(taken[:5] + claims(1, slow=True, start=20)) == 8


def test_what_has_ended_ties_up_nothing():
    under_way = UnderWay()
    taken = claims(4)
    under_way.add(taken)
    under_way.remove(taken[:3])
    assert (len(under_way), under_way.slow(taken)) == (1, 1)
    assert under_way.claims() == taken[3:]


def test_the_payloads_of_what_is_held_are_counted_once_for_each_and_no_longer_than_they_are_held():
    under_way = UnderWay()
    held = claims(3)
    under_way.add(held)
    assert under_way.payload_size == 3 * len("{}")
    under_way.remove(held[:2])
    under_way.remove(held[:1])  # given back twice
    assert under_way.payload_size == len("{}")
