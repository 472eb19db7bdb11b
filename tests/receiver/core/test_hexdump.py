from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from receiver.core.hexdump import dump


def test_the_classic_layout():
    assert dump(b"Hello, world!\n\x00\xff!") == (
        "00000000  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 21 0a 00 ff  |Hello, world!...|\n"
        "00000010  21                                                |!|"
    )
    assert dump(b"") == ""


@given(st.binary(max_size=200))
def test_the_bytes_can_be_read_back(data):
    columns = (line[10:58] for line in dump(data).splitlines())
    assert bytes.fromhex("".join(columns)) == data
