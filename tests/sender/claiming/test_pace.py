"""The rate limit, as a decision about moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sender.core import pace

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_no_limit():
    assert pace.of(None, "second") is None


def test_a_slow_rate_is_spaced_evenly():
    one = pace.of(5, "minute")
    assert one.allowance(None, NOW) == 1
    until = one.spend(None, NOW, 1)
    assert one.allowance(until, NOW + timedelta(seconds=12.009)) == 0
    assert one.next_at(until, NOW) == NOW + timedelta(seconds=12.01), "a margin for the way to the wire"
    assert one.allowance(until, NOW + timedelta(seconds=12.01)) == 1


def test_what_was_not_used_long_ago_is_lost():
    one = pace.of(5, "second")
    assert one.allowance(NOW - timedelta(days=1), NOW) == 1


@given(
    rate=st.integers(1, 2000),
    period=st.sampled_from(["second", "minute"]),
    gaps=st.lists(st.tuples(st.floats(0, 0.5), st.sampled_from([0, 0.01, 0.04, 0.049])), min_size=5, max_size=60),
)
@example(rate=1, period="second", gaps=[(0, 0.049), (0.97, 0), (0.04, 0), *[(0.5, 0)] * 2])
@example(rate=10, period="second", gaps=[(0, 0.049), *[(0.05, 0)] * 40])
@example(rate=10, period="second", gaps=[(0.0, 0.049), *[(0.1, 0)] * 20])
def test_an_endpoint_sees_no_more_than_its_share_in_any_span_though_requests_are_on_the_way(rate, period, gaps):
    limit, now, until, sent = pace.of(rate, period), NOW, None, []
    for gap, way in gaps:
        now += timedelta(seconds=gap)
        count = limit.allowance(until, now)
        if count:
            until = limit.spend(until, now, count)
            sent.append((now + timedelta(seconds=way), count))
    for start, _ in sent:
        end = start + limit.period
        assert sum(count for moment, count in sent if start <= moment < end) <= rate


@given(
    rate=st.integers(1, 2000),
    gaps=st.lists(st.tuples(st.floats(0, 0.5), st.sampled_from([0, 0, 0.1, 1.5]), st.floats(0, 1)), min_size=5),
)
@example(rate=5, gaps=[(0, 1.0, 1.0), (1.0, 0, 0), *[(0.21, 0, 0)] * 10])
def test_nor_when_commits_take_as_long_as_was_foreseen_at_most(rate, gaps):
    limit, now, until, sent = pace.of(rate, "second"), NOW, None, []
    for gap, foreseen, share in gaps:
        now += timedelta(seconds=gap)
        if count := limit.allowance(until, now):
            until = limit.spend(until, now + timedelta(seconds=foreseen), count)
            sent.append((now + timedelta(seconds=share * (foreseen + 0.049)), count))
    for start, _ in sent:
        assert sum(count for moment, count in sent if start <= moment < start + limit.period) <= rate


@given(
    rate=st.integers(1, 2000),
    turns=st.lists(st.tuples(st.floats(0, 0.08), st.booleans()), min_size=5, max_size=60),
)
@example(rate=10, turns=[(0.05, True), (0.05, False)] * 20)
def test_what_is_given_back_never_makes_it_faster(rate, turns):
    """Claims that lapse are given back at the next turn, when others may have been made between."""
    limit, now, until, sent, waiting = pace.of(rate, "second"), NOW, None, [], []
    for gap, lapses in turns:
        now += timedelta(seconds=gap)
        if due := [at for at in waiting if now - at > timedelta(seconds=0.04)]:
            until = limit.give_back(until, [now - at for at in due])
            waiting = [at for at in waiting if at not in due]
        if count := limit.allowance(until, now):
            until = limit.spend(until, now, count)
            (waiting if lapses else sent).extend([now] * count)
    for start in sent:
        assert sum(start <= moment < start + limit.period for moment in sent) <= rate


def test_a_claim_that_lapses_again_and_again_costs_no_turn():
    limit, now, until = pace.of(1, "minute"), NOW, None
    for _ in range(100):
        assert limit.allowance(until, now) == 1
        until = limit.spend(until, now, 1)
        now += timedelta(seconds=0.06)
        until = limit.give_back(until, [timedelta(seconds=0.06)])


@given(
    rates=st.tuples(st.integers(1, 1000), st.integers(1, 1000)),
    turns=st.lists(st.tuples(st.floats(0, 0.2), st.booleans()), min_size=5, max_size=60),
)
@example(rates=(9, 10), turns=[(0.1, True)] * 20)
def test_a_limit_that_is_changed_again_and_again_is_never_passed(rates, turns):
    limits, now, until, sent = [pace.of(rate, "second") for rate in rates], NOW, None, []
    for gap, changes in turns:
        now += timedelta(seconds=gap)
        if changes:
            limits.reverse()
            until = limits[0].carry(limits[1], until, now)
        if count := limits[0].allowance(until, now):
            until = limits[0].spend(until, now, count)
            sent += [now] * count
    for start in sent:
        assert sum(start <= moment < start + timedelta(seconds=1) for moment in sent) <= max(rates)


@pytest.mark.parametrize(("rate", "period"), [(1, "minute"), (30, "second"), (1000, "second")])
def test_a_keen_sender_gets_nine_tenths_of_the_rate_at_least(rate, period):
    limit, until, sent = pace.of(rate, period), None, 0
    for step in range(1000):
        now = NOW + step * limit.period / 100
        count = limit.allowance(until, now)
        sent += count
        until = limit.spend(until, now, count) if count else until
    assert 0.9 <= sent / (10 * rate) <= 1


@pytest.mark.parametrize("rate", [3, 7, 10, 100, 1000, 10_000])
def test_a_sender_that_takes_each_first_moment_never_passes_the_rate(rate):
    limit, until, now, sent = pace.of(rate, "second"), None, NOW, 0
    while now < NOW + timedelta(seconds=1):
        count = limit.allowance(until, now)
        sent += count
        until = limit.spend(until, now, count) if count else until
        now = max(now + timedelta(microseconds=1), limit.next_at(until, now))
    assert 0.9 * rate <= sent <= rate
