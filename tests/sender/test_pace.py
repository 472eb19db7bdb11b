"""The rate limit, as a decision about moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.core import pace

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_no_limit():
    assert pace.of(None, "second") is None


def test_a_slow_rate_is_spaced_exactly():
    one = pace.of(6, "minute")
    assert one.allowance(None, NOW) == 1
    until = one.spend(None, NOW, 1)
    assert one.allowance(until, NOW + timedelta(seconds=9.999)) == 0
    assert one.next_at(until, NOW) == NOW + timedelta(seconds=10)
    assert one.allowance(until, NOW + timedelta(seconds=10)) == 1


def test_what_was_not_used_long_ago_is_lost():
    one = pace.of(5, "second")
    assert one.allowance(NOW - timedelta(days=1), NOW) == 1


@given(
    rate=st.integers(1, 2000),
    period=st.sampled_from(["second", "minute"]),
    gaps=st.lists(st.floats(0, 0.5), min_size=5, max_size=60),
)
def test_no_span_ever_sees_more_than_its_share(rate, period, gaps):
    limit, now, until, sent = pace.of(rate, period), NOW, None, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        count = limit.allowance(until, now)
        if count:
            until = limit.spend(until, now, count)
            sent.append((now, count))
    for start, _ in sent:
        end = start + limit.period
        assert sum(count for moment, count in sent if start <= moment < end) <= rate


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
