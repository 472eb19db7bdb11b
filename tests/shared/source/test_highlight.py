from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.source import highlight


@pytest.mark.parametrize("language", ["json", "xml", "html", "text", "unheard-of"])
@given(text=st.text(max_size=200) | st.text(st.sampled_from('{}[]":,1\\ \n<>/a'), max_size=80))
def test_tokens_together_are_the_text(language, text):
    assert "".join(value for _, value in highlight.tokens(text, language)) == text


def test_json_is_coloured():
    pairs = highlight.tokens('{\n  "a": [1.5, "b", true, null]\n}', "json")
    classes = {text: kind for kind, text in pairs}
    assert classes['"a"'] == "nt"
    assert classes["1.5"] == "mf"
    assert classes['"b"'] == "s2"
    assert classes["true"] == classes["null"] == "kc"


def test_a_plain_text_is_one_token_without_class():
    assert highlight.tokens("a\nb", "text") == [("", "a\nb")]
    assert highlight.tokens("", "text") == []


def test_a_text_over_the_limit_stays_plain():
    text = "[" * (highlight.LIMIT + 1)
    assert highlight.tokens(text, "json") == [("", text)]
