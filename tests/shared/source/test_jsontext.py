from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.source import jsontext

BLANKS = st.text(" \t\n\r", max_size=3)
STRINGS = st.text(max_size=8).map(json.dumps) | st.sampled_from([r'"\/\u00e9"', '"é{}[],:"', r'"a\"b\\"', '"\u2028"'])
NUMBERS = st.sampled_from(["0", "-0", "1.0", "1.50E+3", "1e5", "12345678901234567890123", "0.1000", "9" * 5000])


@st.composite
def spaced(draw, *parts):
    return "".join(draw(BLANKS) + part for part in parts) + draw(BLANKS)


@st.composite
def json_texts(draw, depth=3):
    kind = draw(st.integers(0, 5 if depth else 3))
    if kind == 0:
        return draw(spaced(draw(STRINGS)))
    if kind == 1:
        return draw(spaced(draw(NUMBERS)))
    if kind <= 3:
        return draw(spaced(draw(st.sampled_from(["true", "false", "null"]))))
    inner = [draw(json_texts(depth - 1)) for _ in range(draw(st.integers(0, 3)))]
    if kind == 4:
        return draw(spaced("[", ",".join(inner), "]"))
    keys = [draw(st.sampled_from(['"a"', '"b"']) | STRINGS) for _ in inner]  # keys repeat
    members = [draw(spaced(key, ":", value)) for key, value in zip(keys, inner, strict=True)]
    return draw(spaced("{", ",".join(members), "}"))


def tokens(text):
    """What a JSON text consists of, without the blanks between."""
    return [token for token, _ in jsontext._tokens(text)]


@given(json_texts())
def test_formatting_changes_blanks_only(text):
    assert jsontext.fault(text) is None
    assert list(tokens(jsontext.pretty(text))) == list(tokens(text))
    assert jsontext.fault(jsontext.pretty(text)) is None


@given(json_texts())
def test_formatting_a_formatted_text_changes_nothing(text):
    once = jsontext.pretty(text)
    assert jsontext.pretty(once) == once


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_it_lays_out_as_the_standard_library_does(value):
    assert jsontext.pretty(json.dumps(value)) == json.dumps(value, indent=2)


def test_what_javascript_would_change_stays():
    text = '{"id":12345678901234567890,"id":1.10,"e":1E400,"u":"\\u00e9\\/"}'
    assert jsontext.pretty(text) == (
        '{\n  "id": 12345678901234567890,\n  "id": 1.10,\n  "e": 1E400,\n  "u": "\\u00e9\\/"\n}'
    )


@given(json_texts(), st.integers(0, 200))
def test_a_text_that_was_cut_off_loses_no_character(text, length):
    cut = text[:length]
    assert "".join(jsontext.pretty(cut).split()) == "".join(cut.split())


def test_values_one_after_the_other_stand_on_lines_of_their_own():
    assert jsontext.pretty('{"a":1}\n{"a":2}') == '{\n  "a": 1\n}\n{\n  "a": 2\n}'


def test_deep_nesting_does_not_blow_up():
    deep = "[" * 50_000 + "]" * 50_000
    assert len(jsontext.pretty(deep)) < 100 * len(deep)
    assert jsontext.fault(deep).reason == "Nested too deeply"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("", 1, 1), ('{"a": 1,\n "b" 2}', 2, 6), ("[1,]", 1, 4), ("[NaN]", 1, 1), ("-Infinity", 1, 1), ("01", 1, 2)],
)
def test_a_fault_is_located(text, line, column):
    fault = jsontext.fault(text)
    assert (fault.line, fault.column) == (line, column)
    assert fault.reason
