"""NUL, the character that no text of PostgreSQL holds: refused at the door where a name, an id or a filter is meant.

What is data keeps it: captures, and payloads and schemas in JSON, where it is written `\\u0000`.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, request

from shared.errors import Malformed

_NUL = "\0"
_WORDS = "holds a NUL character"


def install(app: Flask) -> None:
    """Answer 400 to every request to `app` with a NUL in its path, its query or its form."""
    app.before_request(_refuse)


def check(value: Any) -> Any:
    """Return a value of a JSON body if it is no text, or list of texts, with a NUL in it; else raise ValueError."""
    texts = value if isinstance(value, list) else [value]
    if any(isinstance(text, str) and _NUL in text for text in texts):
        raise ValueError(f"This {_WORDS} (\\u0000); leave it out.")
    return value


def _refuse() -> None:
    if _NUL in request.path:
        raise Malformed(f"The address {_WORDS} (%00); nothing here has one in its name.")
    for kind, fields in (("parameter", request.args), ("field", request.form)):
        for name, values in fields.lists():
            if any(_NUL in text for text in (name, *values)):
                shown = name.replace(_NUL, "%00")
                raise Malformed(f"The {kind} {shown} {_WORDS} (%00); leave it out.")
