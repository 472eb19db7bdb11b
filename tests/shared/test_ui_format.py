"""Words for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.ui import format as words

NOW = datetime(2026, 3, 9, 14, 5, 31, tzinfo=UTC)

RELATIVE = [
    (timedelta(0), "just now"),
    (timedelta(seconds=4.9), "just now"),
    (timedelta(seconds=-4.9), "just now"),
    (timedelta(seconds=5), "5 s ago"),
    (timedelta(seconds=59.999), "59 s ago"),
    (timedelta(seconds=60), "1 min ago"),
    (timedelta(minutes=59, seconds=59), "59 min ago"),
    (timedelta(hours=1), "1 h ago"),
    (timedelta(hours=23, minutes=59), "23 h ago"),
    (timedelta(days=1), "1 d ago"),
    (timedelta(days=29, hours=23), "29 d ago"),
    (timedelta(days=30), "7 Feb 2026"),
    (timedelta(days=400), "2 Feb 2025"),
    (timedelta(seconds=-30), "in 30 s"),
    (timedelta(seconds=-29.7), "in 30 s"),
    (timedelta(seconds=-59.4), "in 59 s"),
    (timedelta(seconds=-59.5), "in 1 min"),
    (timedelta(minutes=-5), "in 5 min"),
    (timedelta(minutes=-59.5), "in 1 h"),
    (timedelta(minutes=-89), "in 1 h"),
    (timedelta(minutes=-90), "in 2 h"),
    (timedelta(hours=-20), "in 20 h"),
    (timedelta(hours=-24, seconds=1), "in 1 d"),
    (timedelta(days=-3, seconds=1), "in 3 d"),
    (timedelta(days=-29, hours=-11), "in 29 d"),
    (timedelta(days=-29, hours=-12), "8 Apr 2026"),
    (timedelta(days=-45), "23 Apr 2026"),
]


@pytest.mark.parametrize(("age", "text"), RELATIVE)
def test_relative_time(age: timedelta, text: str) -> None:
    assert words.relative_time(NOW - age, NOW) == text


def test_what_is_coming_is_never_said_to_have_been() -> None:
    for seconds in (-4.9, 0, 4.9):
        assert words.relative_time(NOW + timedelta(seconds=seconds), NOW, coming=True) == "in a moment"
    assert words.relative_time(NOW + timedelta(seconds=5), NOW, coming=True) == "in 5 s"


def test_times_are_utc_whatever_they_come_in() -> None:
    rome = NOW.astimezone(timezone(timedelta(hours=1)))
    naive = NOW.replace(tzinfo=None)  # as SQLite gives it back
    for moment in (NOW, rome, naive):
        assert words.exact_time(moment) == "2026-03-09 14:05:31 UTC"
        assert words.machine_time(moment) == "2026-03-09T14:05:31.000Z"
        assert words.relative_time(moment, NOW) == "just now"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1449, "1.4 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (10_485_760, "10.5 MB"),
        (3_000_000_000, "3 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_filesize(size: int, text: str) -> None:
    assert words.filesize(size) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (12_345, "12.3k"),
        (999_499, "999k"),
        (999_500, "1M"),
        (4_000_000, "4M"),
        (-1500, "-1.5k"),
    ],
)
def test_compact(value: int, text: str) -> None:
    assert words.compact(value) == text


def test_number_sets_thousands_apart() -> None:
    assert words.number(1_234_567) == "1,234,567"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0.4, "<1 ms"),
        (1, "1 ms"),
        (340.4, "340 ms"),
        (999.4, "999 ms"),
        (999.5, "1 s"),
        (1240, "1.2 s"),
        (59_940, "59.9 s"),
        (59_950, "1 min"),
        (60_000, "1 min"),
        (125_000, "2 min 5 s"),
    ],
)
def test_duration(milliseconds: float, text: str) -> None:
    assert words.duration(milliseconds) == text


def test_short_id_keeps_kind_and_random_end() -> None:
    assert words.short_id("dlv_01k9p7r2m4x8c0a4") == "dlv_…x8c0a4"
    assert words.short_id("bin_short") == "bin_short"
    assert words.short_id("anything else") == "anything else"


def test_every_state_has_its_own_tone() -> None:
    states = ["pending", "sending", "succeeded", "failed", "cancelled", "active", "paused", "disabled"]
    assert [words.state_tone(s) for s in states] == ["warn", "accent", "ok", "bad", "quiet", "ok", "warn", "quiet"]


def test_status_words_and_tones() -> None:
    codes = [200, 302, 404, 503, 599, 700, None]
    assert [words.status_word(c) for c in codes] == [
        "OK",
        "Found",
        "Not Found",
        "Service Unavailable",
        "",
        "",
        "no answer",
    ]
    assert [words.status_tone(c) for c in codes] == ["ok", "accent", "warn", "bad", "bad", "quiet", "bad"]


def test_method_tones_ignore_case() -> None:
    assert words.method_tone("post") == words.method_tone("POST") == "ok"
    assert words.method_tone("PROPFIND") == "quiet"
