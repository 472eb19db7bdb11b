"""JSON is taken strictly, so that whatever is taken can be stored, shown and sent."""

from __future__ import annotations

import pytest

from shared import json_text


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "\\ud83d\\ude00 é"}',
        "[1e308, 12345678901234567890, 0.1]",
        '"\\\\ud800"',
        b'{"a":1}',
        "[" * 200 + "]" * 200,
        '{"a":' * 200 + "1" + "}" * 200,
    ],
)
def test_what_can_be_passed_on_is_taken(text):
    assert json_text.load(json_text.dump(json_text.load(text))) == json_text.load(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": "\\ud800"}', "half of a surrogate pair"),
        ('{"\\uDFFF": 1}', "half of a surrogate pair"),
        ("[1e400]", "too large a number"),
        ("[-1e999]", "too large a number"),
        ("[NaN]", "NaN is not JSON"),
        ("{'a': 1}", "Expecting property name"),
        (b'"\xff"', "can't decode"),
        ("[" * 201 + "]" * 201, "nested deeper than 200 levels"),
        ('{"a":' * 201 + "0" + "}" * 201, "nested deeper than 200 levels"),
    ],
)
def test_what_cannot_is_refused_with_the_reason(text, why):
    with pytest.raises(ValueError, match=why):
        json_text.load(text)
