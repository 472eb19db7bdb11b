"""The in-flight cap in a worker that holds more of a webhook than may be under way at once."""

from __future__ import annotations

from sender.in_flight import InFlight


def test_what_is_above_the_cap_waits_for_one_to_end():
    in_flight = InFlight()
    assert [in_flight.begin("a", 2, job) for job in (1, 2, 3, 4)] == [True, True, False, False]
    assert in_flight.begin("b", 1, 5)
    assert in_flight.waiting == 2
    assert [in_flight.end("a"), in_flight.end("a")] == [3, 4], "in their order"
    assert in_flight.waiting == 0
    assert in_flight.begin("a", 2, 3)
    assert in_flight.end("a") is None


def test_without_a_cap_nothing_waits():
    in_flight = InFlight()
    assert all(in_flight.begin("a", None, job) for job in range(100))


def test_what_waits_can_be_taken_back():
    in_flight = InFlight()
    for job in (1, 2, 3):
        in_flight.begin("a", 1, job)
    assert in_flight.take_back() == [2, 3]
    assert in_flight.waiting == 0
    assert in_flight.end("a") is None
