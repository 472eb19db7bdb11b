from __future__ import annotations

import gzip
import zlib

import pytest

from receiver.core.encoding import decode

RAW_DEFLATE = zlib.compressobj(wbits=-15)
RAW = RAW_DEFLATE.compress(b"hello") + RAW_DEFLATE.flush()


@pytest.mark.parametrize(
    ("data", "coding"),
    [
        (b"hello", ""),
        (b"hello", "identity"),
        (gzip.compress(b"hello", mtime=0), "gzip"),
        (gzip.compress(b"hello", mtime=0), " X-GZIP "),
        (zlib.compress(b"hello"), "deflate"),
        (RAW, "deflate"),
        (gzip.compress(zlib.compress(b"hello"), mtime=0), "deflate, gzip"),
    ],
)
def test_content_codings_are_undone(data, coding):
    assert decode(data, coding, limit=100).data == b"hello"


def test_the_reader_is_told():
    assert decode(gzip.compress(b"hello"), "gzip", limit=100).note == "Decoded from gzip."
    assert decode(b"hello", "", limit=100).note == ""


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br"])
def test_an_unknown_coding_leaves_the_bytes_and_says_so(coding):
    decoded = decode(b"\x1b\x02", coding, limit=100)
    assert decoded.data == b"\x1b\x02"
    assert "not one that Hookloop decodes" in decoded.note


def test_a_wrong_label_leaves_the_bytes_and_says_so():
    decoded = decode(b"plain", "gzip", limit=100)
    assert decoded.data == b"plain"
    assert "not gzip" in decoded.note


def test_a_bomb_is_not_inflated_beyond_the_limit():
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(decode(bomb, "gzip", limit=1000).data) == 1001
