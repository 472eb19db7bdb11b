"""Between the forms of a webhook and its draft: event types as boxes and globs, headers as lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from sender.core import drafts, signatures
from sender.core.drafts import WebhookDraft
from sender.services.event_types import EventType
from sender.views.pages.base import whole_number
from shared.errors import FieldError

_READ_JSON = [preset.title for preset in signatures.PRESETS.values() if preset.reads_json]
_FORM_HELP = (
    "The payload as application/x-www-form-urlencoded. Libraries that verify these signatures read JSON only: "
    f"{'; '.join(_READ_JSON)}."
)
FORMATS = (
    ("standard", "Standard JSON", "The payload inside an envelope with its type and time; the id is a header."),
    ("flat", "Flat JSON", "The payload's fields at the top level, as Zapier's REST hooks want them."),
    ("form", "Form fields", _FORM_HELP),
)
LABELS = {
    "name": "Name",
    "url": "URL",
    "event_types": "Event types",
    "globs": "And all that fit",
    "body_format": "Body",
    "signature.scheme": "Signature",
    **{f"signature.{one.name}": one.label for preset in signatures.PRESETS.values() for one in preset.options},
    "max_in_flight": "Requests at the same time",
    "rate_limit": "Rate limit",
    "rate_period": "Per",
    "headers": "Headers",
    "integration": "Integration",
    "secret": "New signing secret",
}
SCHEMES = tuple((preset.scheme, preset.title, preset.summary) for preset in signatures.PRESETS.values())


def choices(kinds: Iterable[EventType]) -> list[tuple[str, str]]:
    """Return the options of a choice of one event type: slug and name, and all events last.

    Names that two types share are told apart by their slugs.
    """
    known = list(kinds)
    names = [kind.name for kind in known]
    options = [
        (kind.slug, kind.name if names.count(kind.name) == 1 else f"{kind.name} ({kind.slug})") for kind in known
    ]
    return [*options, ("*", "All events")]


def quick(form: Mapping[str, str]) -> WebhookDraft:
    """Return the draft of the short form: name, URL and one event."""
    event = form.get("event", "")
    return WebhookDraft(
        name=form.get("name", ""),
        url=form.get("url", ""),
        event_types=[event] if event else [],
        active=True,
        integration="manual",
        body_format="standard",
        scheme="standard",
        headers={},
    )


def of_draft(draft: WebhookDraft, kinds: Iterable[EventType]) -> dict[str, Any]:
    """Return the full form's values for a webhook; what is no offered event type goes among the globs."""
    offered = {kind.slug for kind in kinds}
    return {
        "name": draft.name,
        "url": draft.url,
        "event_types": [slug for slug in draft.event_types if slug in offered],
        "globs": " ".join(slug for slug in draft.event_types if slug not in offered),
        "active": draft.active,
        "was_active": draft.active,
        "integration": draft.integration,
        "body_format": draft.body_format,
        "scheme": draft.scheme,
        "headers": "\n".join(f"{name}: {value}" for name, value in (draft.headers or {}).items()),
        "lost_headers": draft.headers is None,
        **draft.options,
        "max_in_flight": draft.max_in_flight,
        "rate_limit": draft.rate_limit,
        "rate_period": draft.rate_period,
    }


def of_form(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the values of the full form as they were sent, to be shown again."""
    return form.to_dict() | {"event_types": form.getlist("event_types"), "active": "active" in form}


def faults(errors: Mapping[str, str], values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return what is wrong with the full form: name and label of its field, and the message.

    What is wrong with event types stands at the globs when there are any: a box can't be ticked wrongly.
    """
    named = [("globs" if name == "event_types" and values.get("globs") else name, it) for name, it in errors.items()]
    return [(name.removeprefix("signature."), LABELS.get(name, name), message) for name, message in named]


def read(form: MultiDict[str, str]) -> tuple[dict[str, Any], list[FieldError]]:
    """Return the fields of a draft that the full form gives, and the lines and numbers that could not be read.

    `active` is given only when the box is no longer as the form was shown, and `headers` that could not be shown only
    when there are others or they are to be dropped.
    """
    unread: list[FieldError] = []
    scheme = form.get("scheme", "")
    in_flight = _number("max_in_flight", form, unread)
    given: dict[str, Any] = {
        "name": form.get("name", ""),
        "url": form.get("url", ""),
        "event_types": [*form.getlist("event_types"), *re.findall(r"[^\s,]+", form.get("globs", ""))],
        "integration": form.get("integration", "").strip(),
        "body_format": form.get("body_format", ""),
        "scheme": scheme,
        "headers": _headers(form.get("headers", ""), unread),
        "secret": form.get("secret", "").strip() or None,
        "options": _options(scheme, form),
        "max_in_flight": drafts.DEFAULT_IN_FLIGHT if in_flight is None else in_flight,
        "rate_limit": _number("rate_limit", form, unread),
        "rate_period": form.get("rate_period", drafts.RATE_PERIODS[0]),
    }
    if form.get("lost_headers") and not given["headers"] and "drop_headers" not in form:
        del given["headers"]
    if ("active" in form) != bool(form.get("was_active")):
        given["active"] = "active" in form
    return given, unread


def _options(scheme: str, form: Mapping[str, str]) -> dict[str, str]:
    """What was filled in for the chosen scheme; fields of the other schemes do not count."""
    preset = signatures.PRESETS.get(scheme)
    given = {option.name: form.get(option.name, "").strip() for option in (preset.options if preset else ())}
    return {name: value for name, value in given.items() if value}


def _number(name: str, form: Mapping[str, str], unread: list[FieldError]) -> int | None:
    text = form.get(name, "").strip()
    return whole_number(name, text, unread) if text else None


def _headers(text: str, unread: list[FieldError]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            unread.append(FieldError("headers", f"Line {number}: write it as Name: value."))
        elif name.strip() in headers:
            unread.append(FieldError("headers", f"Line {number}: {name.strip()} is set twice."))
        else:
            headers[name.strip()] = value.strip()
    return headers
