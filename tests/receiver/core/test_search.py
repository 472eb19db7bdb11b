from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.search import MOST_TERMS, Term, parse


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("", []),
        ("  ", []),
        ("stripe", [Term("stripe")]),
        ("a  b", [Term("a"), Term("b")]),
        ("method:POST body:abc", [Term("POST", "method"), Term("abc", "body")]),
        ('body:"order 7" "two words"', [Term("order 7", "body"), Term("two words")]),
        ("http://a/b", [Term("http://a/b")]),
        ("content-type:json", [Term("content-type:json")]),
        ("colour:red", [Term("colour:red")]),
        ('body:""', []),
        ("body:", [Term("body:")]),
        ('"unclosed', [Term('"unclosed')]),
        ("100%", [Term("100%")]),
    ],
)
def test_a_query_is_taken_apart(query, terms):
    assert list(parse(query)) == terms


@given(st.text())
def test_no_query_is_an_error(query):
    assert len(parse(query)) <= MOST_TERMS
