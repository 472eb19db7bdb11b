from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core import bodies
from receiver.core.bodies import Body

LIMIT = 256 * 1024
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
MULTIPART = (
    b'--XX\r\nContent-Disposition: form-data; name="title"\r\n\r\ncaf\xc3\xa9\r\n'
    b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a/../<b>.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n\x00\x01\r\n\x02\r\n"
    b'--XX\r\nContent-Disposition: form-data; name="empty"; filename=""\r\n\r\n\r\n--XX--\r\n'
)


def view(data, content_type="", limit=LIMIT):
    return bodies.view(Body.of(data, content_type, limit=limit))


@pytest.mark.parametrize(
    ("data", "content_type", "name"),
    [
        (b'{"a":1}', "application/json", "JSON"),
        (b'{"a":1}', "application/vnd.api+json; charset=utf-8", "JSON"),
        (b'{"a":1}', "", "JSON"),
        (b' [1,"a=b"]', "text/plain", "JSON"),
        (b'{"a":1}', "application/x-www-form-urlencoded", "JSON"),
        (b'{"a":1}\n{"a":2}\n', "application/json", "JSON lines"),
        (b"{not json}", "", "Text"),
        (b"a=1&b=%20", "application/x-www-form-urlencoded", "Form"),
        (b"a=1&b=%20", "", "Form"),
        (b"a = 1", "", "Text"),
        (MULTIPART, "multipart/form-data; boundary=XX", "Multipart form"),
        (MULTIPART, 'multipart/form-data; boundary="XX"', "Multipart form"),
        (MULTIPART, "multipart/form-data", "Binary"),
        (b"<a><b/></a>", "application/soap+xml", "XML"),
        (b"<?xml version='1.0'?><a/>", "", "XML"),
        (b"<svg onload=alert(1)>", "image/svg+xml", "XML"),
        (b"<!DOCTYPE html><p>hi", "", "HTML"),
        (b"<p>hi", "text/html", "HTML"),
        (PNG, "text/html", "Image"),
        (b"GIF89a...", "", "Image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "", "Image"),
        (b"hello", "", "Text"),
        (b"", "", "Text"),
        (b"\x00\x01", "text/plain", "Binary"),
        (b"\xff\xfe", "", "Binary"),
        (b"caf\xe9", "text/plain; charset=iso-8859-1", "Text"),
        (b"caf\xe9", "text/plain; charset=zip", "Binary"),
        (b"caf\xe9", "text/plain; charset=nonsense", "Binary"),
    ],
)
def test_a_format_picks_itself(data, content_type, name):
    assert view(data, content_type).name == name


def test_json_is_formatted_from_its_text():
    shown = view(b'{"n":12345678901234567890,"n":1.0}', "application/json")
    assert shown.text == '{\n  "n": 12345678901234567890,\n  "n": 1.0\n}'
    assert shown.language == "json"
    assert shown.note == ""


def test_a_syntax_error_is_located_and_the_text_left_alone():
    shown = view(b'{"a": 1,\n "b" 2}', "application/json")
    assert shown.text == '{"a": 1,\n "b" 2}'
    assert "line 2, column 6" in shown.note


def test_form_fields_keep_order_and_duplicates():
    parts = view(b"b=2&a=1&b=%C3%A9&empty=&=x", "application/x-www-form-urlencoded").parts
    assert [(part.name, part.text) for part in parts] == [("b", "2"), ("a", "1"), ("b", "é"), ("empty", ""), ("", "x")]


def test_multipart_gives_fields_and_files():
    title, file, empty = view(MULTIPART, "multipart/form-data; boundary=XX").parts
    assert (title.name, title.filename, title.text) == ("title", None, "café")
    assert (file.name, file.filename, file.data, file.text) == ("file", "a/../<b>.bin", b"\x00\x01\r\n\x02", None)
    assert file.content_type == "application/octet-stream"
    assert (empty.filename, empty.size) == ("", 0)


def test_a_cut_multipart_shows_what_is_complete():
    shown = view(MULTIPART, "multipart/form-data; boundary=XX", limit=120)
    assert [part.name for part in shown.parts] == ["title"]
    assert shown.note


def test_a_million_parts_fall_back_to_something_harmless():
    data = b"--X\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" * 1000 + b"--X--"
    assert view(data, "multipart/form-data; boundary=X").name == "Text"
    assert view(b"a=1&" * 2000, "application/x-www-form-urlencoded").name == "Text"


def test_a_cut_does_not_turn_text_into_bytes():
    text = "é" * 100
    assert view(text.encode(), "text/plain", limit=101).text == "é" * 50


def test_a_cut_json_is_formatted_as_far_as_it_goes():
    assert view(b'{"a": [1, 2, 3]}', "application/json", limit=8).text == '{\n  "a": [\n    1'


def test_only_raster_images_are_previewed():
    assert view(PNG).image == "image/png"
    assert view(PNG, limit=10).image is None
    assert view(b"<svg/>", "image/svg+xml").image is None


@given(
    st.binary(max_size=300), st.sampled_from(["", "application/json", "multipart/form-data; boundary=a", "text/xml"])
)
def test_any_bytes_get_a_view(data, content_type):
    assert view(data, content_type).name
    assert view(b"--a\r\n" + data + b"\r\n--a--", content_type).name
