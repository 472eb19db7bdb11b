"""Moments: read, kept within what can be reckoned with, written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared import moments

MOMENT = datetime(2026, 2, 12, 6, 8, 41, 7, tzinfo=UTC)


@pytest.mark.parametrize("moment", [MOMENT, MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30)))])
def test_a_moment_is_written_in_utc_with_microseconds_and_can_be_read_again(moment):
    text = moments.rfc3339(moment)
    assert text == "2026-02-12T06:08:41.000007Z"
    assert moments.parse(text) == MOMENT


def test_a_whole_second_is_written_with_its_microseconds_too():
    assert moments.rfc3339(MOMENT.replace(microsecond=0)) == "2026-02-12T06:08:41.000000Z"


def test_a_moment_without_an_offset_is_taken_as_utc():
    assert moments.parse("2026-02-12T06:08:41.000007") == MOMENT


@pytest.mark.parametrize("year", [1969, 9999])
def test_a_moment_out_of_reach_is_refused(year):
    with pytest.raises(ValueError, match="1970 to 9998"):
        moments.check(MOMENT.replace(year=year))


@pytest.mark.parametrize("moment", [MOMENT, MOMENT.replace(year=1901), MOMENT.replace(year=9998)])
def test_what_is_stored_of_a_moment_is_exact(moment):
    assert moments.of_microseconds(moments.microseconds(moment)) == moment
    assert moments.microseconds(moment + timedelta(microseconds=1)) == moments.microseconds(moment) + 1
