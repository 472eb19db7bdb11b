"""The request headers as they were on the wire, which WSGI hides and gunicorn can still tell.

gunicorn's own parser in Python is handed the bytes of the whole header block; we keep them. Where another server,
parser or version is at work, its ordered list is used, and at last the WSGI environ, which has lost case, order and
duplicates. Each capture says which of the three it got (`header_fidelity`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from receiver.core import capture
from receiver.core.capture import Fidelity, Header

try:
    from gunicorn.http.errors import ParseException
except ImportError:  # another server
    UNREADABLE: tuple[type[Exception], ...] = (OSError,)
else:
    UNREADABLE = (OSError, ParseException)  # what reading a body raises: chunk errors are of both kinds

_BLOCK = "hookloop_header_block"
_ORDERED = "hookloop_ordered_headers"
_CLOSE = "hookloop_force_close"


def keep_header_blocks(message_class: type[Any]) -> bool:
    """Make gunicorn's `Message` keep the bytes of each header block; return whether this version lets us."""
    original: Callable[..., Any] | None = getattr(message_class, "parse_headers", None)
    if original is None:
        return False

    @functools.wraps(original)
    def parse_headers(self: Any, data: Any, *args: Any, **options: Any) -> Any:
        if not options.get("from_trailer") and not any(args):
            setattr(self, _BLOCK, bytes(data))
        return original(self, data, *args, **options)

    message_class.parse_headers = parse_headers
    return True


def hand_over(_worker: object, request: Any) -> None:
    """Put what gunicorn knows of `request` where the WSGI application finds it (gunicorn's `pre_request` hook).

    The body object is the one thing of the request that gets into the environ, as `wsgi.input`.
    """
    block = getattr(request, _BLOCK, None)
    if block is None and not request.headers:
        block = b""  # a request without headers never comes to parse_headers
    setattr(request.body, _BLOCK, block)
    setattr(request.body, _ORDERED, [(name.title(), value) for name, value in request.headers])
    setattr(request.body, _CLOSE, request.force_close)


def headers(environ: Mapping[str, Any]) -> tuple[tuple[Header, ...], Fidelity]:
    """Return the headers of a WSGI request, and how true to the wire they are."""
    source = environ.get("wsgi.input")
    block = getattr(source, _BLOCK, None)
    if block is not None:
        return capture.parse_header_block(block), "exact"
    ordered = getattr(source, _ORDERED, None)
    if ordered is not None:
        return tuple(ordered), "ordered"
    return capture.headers_of_environ(environ), "wsgi"


def close_afterwards(environ: Mapping[str, Any]) -> None:
    """End the connection after this request, as one must when its body was not read to the end (RFC 9112 §9.3)."""
    force_close = getattr(environ.get("wsgi.input"), _CLOSE, None)
    if force_close is not None:
        force_close()
