"""Which due deliveries are taken, as a decision about values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sender.core.dispatch import Candidate, Lane, choose, take_ahead

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)


def due(webhook, count, *, retry=False, test=False):
    return [Candidate(f"{webhook}{number}", webhook, retry, test) for number in range(count)]


def ids(candidates):
    return [candidate.delivery_id for candidate in candidates]


def test_oldest_first_within_the_cap_of_each_webhook():
    choice = choose([*due("a", 5), *due("b", 5)], {"a": Lane(True, 2), "b": Lane(True, 9)}, 4, 4, NOW)
    assert ids(choice.taken) == ["a0", "a1", "b0", "b1"]
    assert choice.held == []


@pytest.mark.parametrize("rests_until", [None, NOW, LATER])
def test_deliveries_of_a_paused_webhook_are_held_but_tests_are_sent(rests_until):
    lane = Lane(False, 9, rests_until=rests_until)
    choice = choose([*due("a", 2), *due("a", 1, test=True)], {"a": lane}, 9, 9, NOW)
    assert choice.held == ["a0", "a1"]
    assert len(choice.taken) == 1


def test_a_resting_webhook_gets_nothing_and_then_one_probe():
    choice = choose(due("a", 3), {"a": Lane(True, 9, rests_until=LATER)}, 9, 9, NOW)
    assert (choice.taken, choice.held) == ([], ["a0", "a1", "a2"])
    choice = choose(due("a", 3), {"a": Lane(True, 9, rests_until=NOW)}, 9, 9, NOW)
    assert (ids(choice.taken), choice.held, choice.probed) == (["a0"], ["a1", "a2"], {"a"})


def test_a_probe_without_a_free_thread_stays_due():
    choice = choose(due("a", 3), {"a": Lane(True, 9, rests_until=NOW)}, 0, 0, NOW)
    assert (choice.taken, choice.held, choice.probed) == ([], [], set())


def test_retries_and_slow_webhooks_share_a_part_of_the_threads():
    candidates = [*due("a", 5, retry=True), *due("slow", 5), *due("b", 5)]
    lanes = {"a": Lane(True, 9), "slow": Lane(True, 9, slow=True), "b": Lane(True, 9)}
    assert ids(choose(candidates, lanes, 9, 3, NOW).taken) == ["a0", "a1", "a2", "b0", "b1", "b2", "b3", "b4"]


@pytest.mark.parametrize(
    ("lane", "free", "waits"),
    [
        (Lane(True, 9), 9, False),
        (Lane(True, 2), 9, True),  # the webhook is at its cap
        (Lane(True, 9), 2, True),  # the threads are
        (Lane(True, 2, slow=True), 9, False),  # no attempt will end soon
        (Lane(True, 9, tokens=2), 9, False),  # that one ends changes nothing
        (Lane(False, 9), 9, False),
    ],
)
def test_it_is_told_whether_more_could_be_taken_once_an_attempt_ends(lane, free, waits):
    assert choose(due("a", 5), {"a": lane}, free, free, NOW).waits is waits


def test_what_caps_alone_keep_back_fills_the_places_that_others_leave():
    candidates = [*due("a", 5), *due("r", 3, retry=True), *due("b", 3)]
    lanes = {"a": Lane(True, 2, ahead=2), "r": Lane(True, 1, ahead=9), "b": Lane(True, 2, ahead=9)}
    choice = choose(candidates, lanes, 9, 9, NOW)
    assert ids(choice.taken) == ["a0", "a1", "r0", "b0", "b1"]
    take_ahead(choice, lanes, 9)
    assert ids(choice.taken) == ["a0", "a1", "r0", "b0", "b1", "a2", "a3", "b2"], "no retries"
    assert choice.waits, "a4 could be taken once another ends"


@pytest.mark.parametrize(("most", "taken", "waits"), [(0, 2, True), (2, 4, True), (3, 5, False)])
def test_no_more_is_taken_ahead_than_there_is_place_for(most, taken, waits):
    lanes = {"a": Lane(True, 2, ahead=9)}
    choice = choose(due("a", 5), lanes, 9, 9, NOW)
    take_ahead(choice, lanes, most)
    assert (len(choice.taken), choice.waits, choice.beyond) == (taken, waits, [])


def test_a_spent_rate_limit_says_when_it_opens():
    lanes = {"a": Lane(True, 9, tokens=2, next_token_at=LATER)}
    choice = choose(due("a", 5), lanes, 9, 9, NOW)
    assert ids(choice.taken) == ["a0", "a1"]
    assert (choice.held, choice.opens_at) == ([], LATER)


def test_deliveries_of_an_ended_webhook_are_put_aside_tests_too():
    candidates = [*due("a", 2), *due("b", 1, test=True)]
    choice = choose(candidates, {"a": Lane(False, 9, ended=True), "b": Lane(False, 9, ended=True)}, 9, 9, NOW)
    assert (choice.taken, choice.held) == ([], ["a0", "a1", "b0"])


@pytest.mark.parametrize(
    ("lane", "free", "slow_free", "places"),
    [
        (Lane(True, 9), 5, 0, 5),
        (Lane(True, 3), 5, 0, 3),
        (Lane(True, 9, tokens=2), 5, 0, 2),
        (Lane(True, 9, slow=True), 5, 4, 4),
        (Lane(True, 9, slow=True), 5, 0, 0),
        (Lane(True, 9, rests_until=NOW), 5, 4, 1),
        (Lane(True, 9, rests_until=NOW), 5, 0, 0),
        (Lane(True, 9, rests_until=NOW, tokens=0), 5, 4, 0),
        (Lane(True, 9, rests_until=LATER), 5, 4, 0),
        (Lane(False, 9), 5, 4, 0),
        (Lane(True, 9, ended=True), 5, 4, 0),
    ],
)
def test_a_lane_says_how_many_it_could_take(lane, free, slow_free, places):
    assert max(0, lane.places(free, slow_free, NOW)) == places
