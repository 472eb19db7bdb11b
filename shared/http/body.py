"""The body of an answer, decoded without ever holding more than a limit."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

_MAX_CODINGS = 5
_WINDOWS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}  # deflate: with zlib's frame, or bare as some do


def decode(body: bytes, headers: Sequence[tuple[str, str]], limit: int) -> tuple[bytes, bool]:
    """Return `body` without its content codings (RFC 9110, section 8.4) up to `limit` bytes, and whether it was cut.

    We ask for no coding, so one that is unknown or broken is no reason to fail: the bytes stay as they came and the
    status alone decides.
    """
    value = ",".join(value for name, value in headers if name.lower() == "content-encoding")
    codings = [coding for part in value.split(",") if (coding := part.strip().lower()) not in ("", "identity")]
    if not codings or len(codings) > _MAX_CODINGS or any(coding not in _WINDOWS for coding in codings):
        return body, False
    decoded = body
    for coding in reversed(codings):
        for window in _WINDOWS[coding]:
            try:
                decoded = _inflate(decoded, window, limit + 1)
                break
            except zlib.error:
                continue
        else:
            return body, False
    return decoded[:limit], len(decoded) > limit


def _inflate(data: bytes, window: int, limit: int) -> bytes:
    """Return at most `limit` bytes of all members of `data`, also when the last one ends early."""
    inflated = bytearray()
    while data and len(inflated) < limit:
        member = zlib.decompressobj(window)
        try:
            inflated += member.decompress(data, limit - len(inflated))
        except zlib.error:
            if not inflated:
                raise
            break  # padding after the last member
        data = member.unused_data
    return bytes(inflated)
