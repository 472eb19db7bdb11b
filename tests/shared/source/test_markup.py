from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.source import markup

SOURCE = st.text(st.sampled_from("<>/!-?[]'\"=& ab\n"), max_size=60)


@given(SOURCE)
def test_taking_apart_loses_nothing(text):
    found, rest = markup.pieces(text)
    assert "".join(found) + rest == text
    assert "".join(value for _, value in markup.tokens(text)) == text


@given(SOURCE)
def test_indenting_changes_blanks_only(text):
    assert "".join(markup.indent(text).split()) == "".join(text.split())


def test_tags_get_lines_of_their_own_and_text_stays_with_its_tags():
    source = '<?xml version="1.0"?><a><b x="1>2">text <i>in</i> it</b><c/><d></d><!-- e --></a>'
    assert markup.indent(source) == (
        '<?xml version="1.0"?>\n<a>\n  <b x="1>2">text <i>in</i> it</b>\n  <c/>\n  <d></d>\n  <!-- e -->\n</a>'
    )


def test_what_has_no_end_is_left_alone():
    assert markup.indent("<a><b>") == "<a>\n  <b>"
    assert markup.indent("<a><!-- never closed") == "<a><!-- never closed"


def test_tags_are_told_apart():
    assert [pair for pair in markup.tokens("<a b='c'>d</a><!--e-->") if pair[0]] == [
        ("nt", "<a"),
        ("na", "b"),
        ("s", "'c'"),
        ("nt", "</a"),
        ("c", "<!--e-->"),
    ]


def test_hostile_source_takes_one_pass():
    for unit in ("<!-- >", "&a", "<a '", '<a "', "<!", "<", "<![CDATA[", "<a b='"):
        text = unit * (256 * 1024 // len(unit))
        assert sum(len(value) for _, value in markup.tokens(text)) == len(text)
        assert len(markup.indent(text)) >= len(text)
