"""Figures are what their names say."""

from __future__ import annotations

import pytest

from tests.bench import report


@pytest.mark.parametrize(
    ("count", "share", "rank"),
    [(1, 0.5, 1), (4, 0.5, 2), (5, 0.5, 3), (20, 0.95, 19), (21, 0.95, 20), (100, 0.99, 99), (100, 0.07, 7), (3, 0, 1)],
)
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(count, share, rank):
    assert report.percentile(reversed(range(1, count + 1)), share) == rank


def test_a_spread_shows_the_median_with_the_least_and_the_greatest():
    assert report.spread([0.9]) == "0.90"
    assert report.spread([1.1, 0.7, 0.9]) == "0.90 (0.70 to 1.10)"
