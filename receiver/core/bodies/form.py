"""URL-encoded forms (WHATWG URL standard, application/x-www-form-urlencoded)."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from receiver.core.bodies.base import Body, Part, View

_MOST_FIELDS = 1000
_LIKE_A_FORM = re.compile(rb"[\w.\[\]%+*~-]++=[^\s=&{}<>]*+(?:&[\w.\[\]%+*~-]++=[^\s=&{}<>]*+)*+")


def keenness(body: Body) -> float:
    """By name; without any content type, a body that looks like nothing else."""
    if body.media_type == "application/x-www-form-urlencoded":
        return 0.9
    return 0.5 if not body.media_type and _LIKE_A_FORM.fullmatch(body.data) else 0.0


def view(body: Body) -> View:
    """One field for each pair, in order; raises ValueError for more fields than a page can show."""
    raw = body.data.decode("utf-8", "replace")
    parts = fields(raw)
    return View("Form", raw if body.text is not None else None, parts=parts)


def fields(raw: str) -> tuple[Part, ...]:
    """Return the decoded fields of a form or of a query string; raise ValueError when there are over 1,000."""
    pairs = parse_qsl(raw, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    return tuple(Part(name, None, "", value.encode(), value) for name, value in pairs)
