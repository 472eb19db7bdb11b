"""A payload while a person writes it: held against the schema of its type, with what differs in few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sender.core import schemas
from sender.services.event_types import EventType
from sender.views.pages.base import pretty, read_object
from shared.errors import InvalidInput
from shared.source import jsontext

FIELD = "payload"


@dataclass(frozen=True, slots=True)
class Draft:
    """A payload as it is written; `fault` when it is no JSON object, `departures` are fields and what they share.

    `is_checked` is False when neither has been looked for, `is_example` when nobody has changed the example.
    """

    slug: str
    text: str
    fault: str | None = None
    departures: list[tuple[list[str], str]] = field(default_factory=list)
    is_checked: bool = False
    is_example: bool = False


def draft_of(kind: EventType, text: str) -> Draft:
    """Return `text` held against the schema of `kind`."""
    is_example = text.strip().replace("\r\n", "\n") == pretty(kind.example)
    try:
        problems = schemas.validate(hold(text), kind.schema)
    except InvalidInput as error:
        return Draft(kind.slug, text, error.by_field()[FIELD], is_checked=True)
    return Draft(kind.slug, text, None, group(problems), is_checked=True, is_example=is_example)


def read(kind: EventType, form: Mapping[str, str]) -> Draft:
    """Return the draft of a form after its `verb`: `tidy` formats it, `example` replaces it, anything else checks."""
    text, verb = form.get(FIELD, ""), form.get("verb")
    if verb == "example":
        text = pretty(kind.example)
    elif verb == "tidy" and jsontext.fault(text) is None:
        text = jsontext.pretty(text)  # from the text, so that numbers keep their spelling
    return draft_of(kind, text)


def hold(text: str) -> dict[str, Any]:
    """Return the payload that `text` is; raise InvalidInput on its field."""
    return read_object(FIELD, text)


def group(problems: Iterable[schemas.Problem]) -> list[tuple[list[str], str]]:
    """Return the fields that have the same problem together, in the order in which they first came."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        fields = found.setdefault(problem.message, [])
        if problem.field not in fields:
            fields.append(problem.field)
    return [(fields, message) for message, fields in found.items()]
