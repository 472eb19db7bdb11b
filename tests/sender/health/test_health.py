"""The circuit breaker, the warning and the disabling, as decisions about values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sender.core import health
from sender.core.health import Health, after_failure, after_success, is_blocked

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DISABLE_AFTER = 5 * DAY


HEALTHY = Health()


def probe(state, now, lease):
    """The health that a claim writes when it takes a probe: see `lanes.keep`."""
    return replace(state, blocked_until=now + lease, blocked_reason=health.PROBING)


def fail(times, state=HEALTHY, every=timedelta(0), start=NOW, **options):
    """The steps of `times` failures, one `every` so often."""
    steps = []
    for number in range(times):
        steps.append(after_failure(state, start + number * every, DISABLE_AFTER, **options))
        state = steps[-1].health
    return steps


def test_the_breaker_opens_at_the_fifth_failure_in_a_row():
    steps = fail(5)
    assert [is_blocked(step.health, NOW) for step in steps] == [False] * 4 + [True]
    assert steps[-1].health.blocked_until == NOW + timedelta(seconds=30)
    assert steps[-1].health.blocked_reason == "breaker"


def test_failures_that_come_in_late_do_not_lengthen_the_rest():
    open_ = fail(5)[-1].health
    assert fail(10, open_)[-1].health.blocked_until == open_.blocked_until


def test_each_failed_probe_doubles_the_rest_up_to_ten_minutes():
    state, rests = fail(5)[-1].health, []
    for _ in range(8):
        now = state.blocked_until
        state = after_failure(probe(state, now, timedelta(minutes=1)), now, DISABLE_AFTER).health
        rests.append((state.blocked_until - now).total_seconds())
    assert rests == [60, 120, 240, 480, 600, 600, 600, 600]


def test_a_probe_blocks_the_others_and_a_lost_one_does_not_block_for_ever():
    state = probe(fail(5)[-1].health, NOW, timedelta(minutes=1))
    assert is_blocked(state, NOW)
    assert not is_blocked(state, NOW + timedelta(minutes=1))


def succeed(state, began=NOW, now=NOW):
    """The step of an attempt that succeeded."""
    return after_success(state, began, now)


def test_a_success_ends_it_all():
    assert succeed(fail(30)[-1].health).health == Health()
    assert succeed(fail(30)[-1].health).notice is None


def test_a_success_of_an_attempt_begun_before_the_breaker_opened_ends_its_rest():
    assert succeed(fail(5)[-1].health, began=NOW - timedelta(seconds=9)).health == Health()


def test_a_success_ends_what_a_retry_after_asked_for_only_when_its_attempt_began_later():
    second = timedelta(seconds=1)
    for failures in (1, 5):  # also when the breaker's rest is the longer one
        state = fail(failures, retry_after=7 * second)[-1].health
        kept = succeed(state, began=NOW - second, now=NOW + second).health
        assert (kept.blocked_until, kept.blocked_reason, kept.failure_count) == (NOW + 7 * second, "retry_after", 0)
        assert succeed(kept, began=NOW - second, now=NOW + 2 * second).health == kept
        assert succeed(kept, began=NOW + second, now=NOW + 2 * second).health == Health()
        assert succeed(kept, began=NOW - second, now=NOW + 7 * second).health == Health()


def test_of_two_waits_that_were_asked_for_the_longer_is_kept():
    state = fail(1, retry_after=timedelta(seconds=60))[-1].health
    state = after_failure(state, NOW + timedelta(seconds=1), DISABLE_AFTER, timedelta(seconds=5)).health
    assert succeed(state, began=NOW).health.blocked_until == NOW + timedelta(seconds=60)


def test_retry_after_gives_a_rest_and_never_a_shorter_one():
    state = fail(1, retry_after=timedelta(seconds=7))[-1].health
    assert (state.blocked_until, state.blocked_reason) == (NOW + timedelta(seconds=7), "retry_after")
    assert fail(5, retry_after=timedelta(seconds=7))[-1].health.blocked_until == NOW + timedelta(seconds=30)
    assert fail(5, retry_after=timedelta(hours=1))[-1].health.blocked_until == NOW + timedelta(hours=1)


def test_after_a_retry_after_that_was_obeyed_a_failed_probe_does_not_block():
    state = fail(1, retry_after=timedelta(seconds=7))[-1].health
    state = probe(state, NOW + timedelta(seconds=7), timedelta(minutes=1))
    assert not is_blocked(after_failure(state, NOW + timedelta(seconds=8), DISABLE_AFTER).health, NOW + DAY)


def test_it_is_warned_about_at_half_the_span_once_and_disabled_at_its_end():
    assert notices(fail(61, every=timedelta(hours=2))) == [(31, "failing"), (61, "disabled")]


def test_a_warned_about_webhook_that_succeeds_has_recovered():
    assert succeed(fail(31, every=timedelta(hours=2))[-1].health).notice == "recovered"


def notices(steps):
    """The numbers of the failures that are told of, from 1, and as what."""
    return [(number, step.notice) for number, step in enumerate(steps, 1) if step.notice]


def test_few_failures_never_disable_however_long_they_last_but_are_warned_about():
    assert notices(fail(health.DISABLE_AFTER_FAILURES - 1, every=10 * DAY)) == [(2, "failing")]


def test_rare_failures_are_warned_about_by_time_alone_and_disable_with_the_tenth():
    assert notices(fail(10, every=timedelta(hours=14))) == [(6, "failing"), (10, "disabled")]


def test_it_is_never_disabled_without_a_warning_before():
    many = fail(health.DISABLE_AFTER_FAILURES)[-1].health
    late = after_failure(many, NOW + 6 * DAY, DISABLE_AFTER)
    assert late.notice == "failing"
    same_moment = after_failure(late.health, NOW + 6 * DAY, DISABLE_AFTER)
    assert same_moment.notice is None, "recorded together with the one that was warned about"
    assert after_failure(same_moment.health, NOW + 7 * DAY, DISABLE_AFTER).notice == "disabled"


def test_disabling_can_be_switched_off():
    state = Health(failure_count=1000, failing_since=NOW)
    assert after_failure(state, NOW + 1000 * DAY, None).notice is None
