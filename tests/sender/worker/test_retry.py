"""What follows from an attempt, as a decision about values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import from_regex, text

from sender.core.retry import decide, read_retry_after
from shared.outcome import Outcome, of_status

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FAILED = Outcome("timeout", "No answer.")


def seconds(span):
    return None if span is None else span.total_seconds()


@pytest.mark.parametrize("number", range(1, 4))
def test_the_schedule_with_its_jitter(number):
    schedule = (5, 300, 1800)
    waits = [(decide(FAILED, None, number, schedule, NOW, chance).next_attempt_at - NOW) for chance in (0, 0.5, 1)]
    assert [wait.total_seconds() / schedule[number - 1] for wait in waits] == pytest.approx([0.8, 1, 1.2])


def test_after_the_last_retry_it_has_failed_with_the_reason():
    decision = decide(FAILED, None, 2, (5,), NOW, 0.5)
    assert decision.state == "failed"
    assert decision.reason == "Gave up: the last of 2 attempts ended with: No answer."


@pytest.mark.parametrize("status", [300, 301, 400, 404, 408, 429, 500, 503, 599])
def test_everything_but_2xx_and_410_is_tried_again(status):
    decision = decide(of_status(status), status, 1, (5,), NOW, 0.5)
    assert (decision.state, decision.ends_webhook) == ("pending", False)
    assert str(status) in decision.reason


def test_410_ends_the_webhook():
    decision = decide(of_status(410), 410, 1, (5,), NOW, 0.5)
    assert (decision.state, decision.ends_webhook) == ("failed", True)


@pytest.mark.parametrize(("asked", "wait"), [(1, 5), (60, 60), (86400, 86400)])
def test_retry_after_only_lengthens(asked, wait):
    decision = decide(of_status(429), 429, 1, (5,), NOW, 0.5, timedelta(seconds=asked))
    assert (decision.next_attempt_at - NOW).total_seconds() == wait


def test_retry_after_does_not_add_attempts():
    assert decide(of_status(429), 429, 2, (5,), NOW, 0.5, timedelta(seconds=60)).state == "failed"


@pytest.mark.parametrize(
    ("status", "text", "wait"),
    [
        (429, "120", 120),
        (503, " 7 ", 7),
        (429, "Thu, 01 Jan 2026 00:02:00 GMT", 120),
        (429, "Thursday, 01-Jan-26 00:02:00 GMT", 120),
        (429, "999999999999999999999999", 86400),
        (429, "Fri, 01 Jan 2100 00:00:00 GMT", 86400),
        (429, "Wed, 31 Dec 2025 23:59:00 GMT", None),
        (429, "0", None),
        (429, "-5", None),
        (429, "1.5", None),
        (429, "soon", None),
        (429, "", None),
        (429, "٣", None),
        (429, "Wed, 21 Oct 99999999999999999999 07:28:00 GMT", None),
        (429, "Mon, 01 Jan 2040 00:00:00 +99999999999999999999", None),
        (429, "Mon, 01 Jan 0001 00:00:00 +2359", None),
        (429, "0000000120", 120),
        (500, "120", None),
        (200, "120", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(status, text, wait):
    assert seconds(read_retry_after(status, [("Retry-After", text)], NOW)) == wait


@given(text=text() | from_regex(r"[A-Z][a-z]{2}, \d+ Jan \d+ \d+:\d\d:\d\d [+-]?\w+"))
def test_whatever_a_retry_after_says_it_asks_for_a_day_at_most(text):
    wait = read_retry_after(503, [("Retry-After", text)], NOW)
    assert wait is None or timedelta(0) < wait <= timedelta(hours=24)


def test_without_the_header_or_an_answer_there_is_none():
    assert read_retry_after(429, [], NOW) is None
    assert read_retry_after(None, [], NOW) is None
