"""What pages make of the bytes of a body."""

from __future__ import annotations

from sender.views.pages import bodies


def text_of(pairs):
    return "".join(text for _, text in pairs)


def test_json_is_formatted_and_its_numbers_stay_as_they_were():
    shown = bodies.show(b'{"id":12345678901234567890123,"total":1.50}')
    assert text_of(shown.pretty) == '{\n  "id": 12345678901234567890123,\n  "total": 1.50\n}'
    assert shown.text == '{"id":12345678901234567890123,"total":1.50}'


def test_json_that_was_cut_is_formatted_as_far_as_it_came():
    assert text_of(bodies.show(b'{"a":[1,2', cut=True).pretty) == '{\n  "a": [\n    1,\n    2'


def test_what_only_looks_like_json_stays_text():
    assert bodies.show(b"{oops").pretty is None
    assert bodies.show(b"").pretty is None


def test_markup_is_coloured_and_never_changed():
    source = "<h1>Internal Server Error</h1>\n<script>alert(1)</script>\n"
    assert text_of(bodies.show(source.encode()).pretty) == source


def test_bytes_that_are_no_text_are_shown_with_marks():
    assert bodies.show(b"\xff\xfeok").text == "\ufffd\ufffdok"
