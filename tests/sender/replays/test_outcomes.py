"""What became of the deliveries of a replay: counted each time while they are few, seldom when they are many."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest

from sender.services.replays import outcome_counts as counts
from tests.sender.replays.replaying import ask, run, shown


@pytest.fixture
def seconds(monkeypatch):
    """The clock by which counts of many are told again: each look at it takes a second; many are more than five."""
    passed = itertools.count()
    monkeypatch.setattr(counts, "clock", SimpleNamespace(monotonic=lambda: next(passed)))
    monkeypatch.setattr(counts, "_MANY", 5)
    monkeypatch.setattr(counts, "_counts", {})
    return passed


def test_what_became_of_many_is_counted_seldom_and_anew_when_the_replay_has_ended(api, past, hook, seconds):
    for _ in range(20):
        past.event(5)
    replay = ask(api, past, rate=50)
    run(past, 1)
    asked = [shown(api, replay)["deliveries"]]
    past.delivery(past.event(50), hook, "cancelled", 5, replay_id=replay["id"])
    asked += [shown(api, replay)["deliveries"] for _ in range(60)]
    assert [one["pending"] for one in asked] == [10] * len(asked)
    assert [one["cancelled"] for one in asked] == [0] * 50 + [1] * 11, "a count that took a second is told for fifty"
    run(past)
    ended = shown(api, replay)
    assert (ended["state"], ended["deliveries"]["pending"], ended["deliveries"]["cancelled"]) == ("finished", 20, 1)
    assert list(counts._counts) == [replay["id"]]


def test_what_became_of_few_is_counted_each_time(api, past, hook, seconds):
    past.event(5)
    replay = ask(api, past)
    for number in range(5):
        assert shown(api, replay)["deliveries"]["failed"] == number
        past.delivery(past.event(50), hook, "failed", 5, replay_id=replay["id"])
    assert counts._counts == {}
