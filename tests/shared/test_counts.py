"""Numbers of things in words."""

from __future__ import annotations

import pytest

from shared.counts import counted


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 captures"), (1, "1 capture"), (2, "2 captures"), (12_345, "12,345 captures")]
)
def test_one_is_singular_and_all_else_plural(number, words):
    assert counted(number, "capture") == words


def test_a_plural_that_no_s_makes_is_said():
    assert counted(1, "delivery was skipped", "deliveries were skipped") == "1 delivery was skipped"
    assert counted(1_000, "delivery was skipped", "deliveries were skipped") == "1,000 deliveries were skipped"
