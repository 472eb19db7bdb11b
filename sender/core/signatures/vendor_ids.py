"""Ids in the form that receivers of a vendor's webhooks can parse, made from ours: the same over all attempts."""

from __future__ import annotations

import hashlib
import uuid

_SPACE = uuid.UUID("6f0b6a52-6f1e-5e0c-9a53-2d3f0c8a7b11")  # any, but always this one


def guid(*parts: str) -> str:
    """Return the UUID (version 5, RFC 9562) that stands for these of our ids together."""
    return str(uuid.uuid5(_SPACE, "/".join(parts)))


def number(our_id: str) -> str:
    """Return a positive whole number below 2^48, which JSON readers keep exactly, for one of our ids."""
    return str(int.from_bytes(hashlib.sha256(our_id.encode()).digest()[:6]) + 1)
