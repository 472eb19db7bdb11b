"""What the pages have in common: their blueprint, following changes, and what a person typed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Blueprint, jsonify, redirect, url_for
from werkzeug.wrappers import Response

from sender.views import live
from shared import json_text
from shared.errors import FieldError, InvalidInput
from shared.source import jsontext

View = TypeVar("View", bound=Callable[..., Any])

PER_PAGE = 50

blueprint = Blueprint("pages", __name__)


def followed(path: str, name: str) -> Callable[[Callable[..., Callable[[], live.View]]], None]:
    """Return what registers how the page at `path` follows changes: as a stream, and as a poll where there is none.

    What it registers takes what the path names, and returns how to look at the page: that is done in the request first,
    so that what is not there or wrongly asked for is refused, and then again and again, without what the request asked.
    """

    def register(watch: Callable[..., Callable[[], live.View]]) -> None:
        def stream(**named: Any) -> Response:
            return live.stream(watch(**named))

        def news(**named: Any) -> Response:
            return jsonify(items=live.news(watch(**named)))

        blueprint.get(f"{path}/stream", endpoint=f"stream_{name}")(stream)
        blueprint.get(f"{path}/news", endpoint=f"{name}_news")(news)

    return register


def posted(path: str, home: str, anchor: str | None = None) -> Callable[[View], View]:
    """Return what registers a view for what is posted to `path`, whose answer may be a page that stays at that address.

    Who comes there again by GET, by entering the address or after signing in, is led to `home`, where the form stands.
    """

    def register(view: View) -> View:
        def lead_home(**named: Any) -> Response:
            return redirect(url_for(home, **named, _anchor=anchor))

        blueprint.get(path, endpoint=f"{view.__name__}_again")(lead_home)
        return blueprint.post(path)(view)

    return register


def whole_number(field: str, text: str, faults: list[FieldError]) -> int | None:
    """Return the number that a person typed; None for what is none, which is added to `faults`.

    A negative one is a number: which of them may be is for others to say.
    """
    if re.fullmatch(r"-?[0-9]{1,9}", text):
        return int(text)
    faults.append(FieldError(field, "Write it as a whole number."))
    return None


def pretty(value: Mapping[str, Any]) -> str:
    """Return a JSON object as people read it."""
    return jsontext.pretty(json_text.dump(value))


def read_object(field: str, text: str) -> dict[str, Any]:
    """Return the JSON object (RFC 8259) that a person typed; raise InvalidInput on `field`, saying where it fails."""
    try:
        value = json_text.load(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidInput.of(FieldError(field, f"This is not valid JSON: {error.msg} at {where}.")) from None
    except RecursionError:
        raise InvalidInput.of(FieldError(field, "This JSON is nested too deeply.")) from None
    except ValueError as error:
        raise InvalidInput.of(FieldError(field, f"This is not valid JSON: {error}.")) from None
    if not isinstance(value, dict):
        raise InvalidInput.of(FieldError(field, "This must be a JSON object: { … }."))
    return value
