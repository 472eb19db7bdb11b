from __future__ import annotations

from datetime import timedelta

import pytest

from shared.spans import in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59.6, "1 minute"),
        (90, "90 seconds"),
        (120, "2 minutes"),
        (3600, "1 hour"),
        (5400, "90 minutes"),
        (86_400, "1 day"),
        (5 * 86_400 + 7200, "5 days"),
    ],
)
def test_a_span_is_said_in_its_largest_unit(seconds, words):
    assert in_words(timedelta(seconds=seconds)) == words
