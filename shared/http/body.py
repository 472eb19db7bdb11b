"""The body of an answer, decoded without ever holding more than a limit."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

_MAX_CODINGS = 5
_MAX_MEMBERS = 64
_GZIP = 31
_MEMBER = b"\x1f\x8b"  # how one begins (RFC 1952, section 2.3.1)
_WINDOWS = {
    "gzip": (_GZIP,),
    "x-gzip": (_GZIP,),
    "deflate": (15, -15),
}  # deflate: with zlib's frame, or bare as some do


def decode(body: bytes, headers: Sequence[tuple[str, str]], limit: int) -> tuple[bytes, bool]:
    """Return `body` without its content codings (RFC 9110, section 8.4) up to `limit` bytes, and whether it was cut.

    We ask for no coding, so one that is unknown or broken is no reason to fail: the bytes stay as they came and the
    status alone decides.
    """
    value = ",".join(value for name, value in headers if name.lower() == "content-encoding")
    codings = [coding for part in value.split(",") if (coding := part.strip().lower()) not in ("", "identity")]
    if not codings or len(codings) > _MAX_CODINGS or any(coding not in _WINDOWS for coding in codings):
        return body, False
    decoded, is_cut = body, False
    for coding in reversed(codings):
        for window in _WINDOWS[coding]:
            try:
                decoded, has_rest = _inflate(decoded, window, limit + 1)
                break
            except zlib.error:
                continue
        else:
            return body, False
        is_cut |= has_rest
    return decoded[:limit], is_cut or len(decoded) > limit


def _inflate(data: bytes, window: int, limit: int) -> tuple[bytes, bool]:
    """Return at most `limit` bytes of what `data` holds, also when it ends early, and whether members were left.

    Only gzip has members that follow one another. An answer can hold thousands of empty ones, and what follows is
    copied for each.
    """
    inflated = bytearray()
    for number in range(_MAX_MEMBERS if window == _GZIP else 1):
        member = zlib.decompressobj(window)
        try:
            inflated += member.decompress(data, limit - len(inflated))
        except zlib.error:
            if not number:
                raise
            return bytes(inflated), False  # padding after the last member
        data = member.unused_data
        if not data or len(inflated) >= limit:
            return bytes(inflated), False
    return bytes(inflated), data.startswith(_MEMBER)
