"""Which headers of a capture go along when it is sent on (RFC 9110 §7.6.1)."""

from __future__ import annotations

from collections.abc import Sequence

from receiver.core.capture import Header
from shared.headers import CONNECTION_FIELDS, get_all

MARK = "X-Hookloop-Forward"  # carries the capture's id, so that the other end can tell a forward


def headers(captured: Sequence[Header], capture_id: str) -> tuple[Header, ...]:
    """Return the headers to send on: all but those of the old connection, and the mark of this forward.

    The body is sent as it was captured, so that what describes it (type, coding, signature) stays true.
    """
    listed = ",".join(get_all(captured, "connection")).split(",")
    dropped = CONNECTION_FIELDS | {name.strip().lower() for name in listed} | {MARK.lower()}
    kept = tuple(pair for pair in captured if pair[0].lower() not in dropped)
    return (*kept, (MARK, capture_id))
