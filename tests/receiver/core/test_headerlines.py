from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from receiver.core import headerlines

TOKENS = st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", fullmatch=True)
VALUES = st.text(st.characters(max_codepoint=0xFF, exclude_characters="\r\n\0"))


@given(st.lists(st.tuples(TOKENS, VALUES)).map(tuple))
def test_fields_come_back_as_they_were(headers):
    assert headerlines.read(headerlines.write(headers)) == headers


def test_the_lines_read_as_people_write_headers():
    assert headerlines.write((("Host", "a"), ("x-None", ""), ("X", "a: b"))) == "Host: a\nx-None: \nX: a: b"


def test_a_line_break_that_no_server_should_let_through_cannot_forge_a_field():
    assert headerlines.read(headerlines.write((("A", "1\r\nB: 2\0"),))) == (("A", "1  B: 2 "),)
