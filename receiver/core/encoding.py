"""Undoes Content-Encoding (RFC 9110 §8.4) for looking at a body; what is stored stays as it came."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's "wbits" for each container
_CONTAINERS = {"gzip": (_GZIP,), "x-gzip": (_GZIP,), "deflate": (_ZLIB, _RAW)}  # senders of "deflate" disagree


@dataclass(frozen=True, slots=True)
class Decoded:
    """Decoded bytes (at most limit + 1 of them, so that a longer body shows) and a sentence for the reader."""

    data: bytes
    note: str = ""


def decode(data: bytes, content_encoding: str, *, limit: int) -> Decoded:
    """Return `data` without its content codings, inflating no more than `limit` + 1 bytes of a bomb."""
    codings = [coding.strip().lower() for coding in content_encoding.split(",") if coding.strip()]
    for coding in reversed(codings):
        if coding == "identity":
            continue
        if coding not in _CONTAINERS:
            return Decoded(data, f"Shown as it came: the content encoding {coding!r} is not one that Hookloop decodes.")
        inflated = _inflate(data, _CONTAINERS[coding], limit + 1)
        if inflated is None:
            return Decoded(data, f"Shown as it came: the body is not {coding}, although its header says so.")
        data = inflated
    real = [coding for coding in codings if coding != "identity"]
    return Decoded(data, f"Decoded from {', '.join(real)}." if real and data else "")


def _inflate(data: bytes, containers: tuple[int, ...], most: int) -> bytes | None:
    for wbits in containers:
        try:
            return zlib.decompressobj(wbits).decompress(data, most)
        except zlib.error:
            continue
    return None
