"""The classic hex view: offset, sixteen bytes, and what of them is printable ASCII."""

from __future__ import annotations

_WIDTH = 16


def dump(data: bytes) -> str:
    """Return one line for each sixteen bytes of `data`: `00000010  48 65 6c …  |Hel…|`."""
    return "\n".join(_line(start, data[start : start + _WIDTH]) for start in range(0, len(data), _WIDTH))


def _line(start: int, chunk: bytes) -> str:
    left, right = chunk[:8].hex(" "), chunk[8:].hex(" ")
    readable = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in chunk)
    return f"{start:08x}  {left:<23}  {right:<23}  |{readable}|"
