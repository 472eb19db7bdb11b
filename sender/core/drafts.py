"""Checking what people and programs hand in, field by field, in words that say what to do."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sender.core import lines, matching, pace, signatures
from sender.core.signatures import credentials
from shared import headers, netguard
from shared.errors import FieldError
from shared.netguard import AllowedTargets

MAX_NAME = 200
MAX_PATTERNS = 50
MAX_HEADERS = 20
BODY_FORMATS = ("standard", "flat", "form")
DEFAULT_IN_FLIGHT = 10
MAX_IN_FLIGHT = 512
MAX_RATE = 10_000
RATE_PERIODS = tuple(pace.PERIODS)
EVENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class WebhookDraft:
    """A webhook as it is asked for; `secret` None means: make one, or keep the present one if it fits the scheme.

    `headers` None means: they cannot be read, and stay as they are stored. `options` are those of the signature
    preset; `rate_limit` counts requests per `rate_period`, None is no limit.
    """

    name: str
    url: str
    event_types: Sequence[str]
    active: bool
    integration: str
    body_format: str
    scheme: str
    headers: Mapping[str, str] | None
    secret: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    max_in_flight: int = DEFAULT_IN_FLIGHT
    rate_limit: int | None = None
    rate_period: str = "second"


def check_webhook(draft: WebhookDraft, known: Collection[str], allowed: AllowedTargets) -> list[FieldError]:
    """Return what is wrong with `draft`; `known` are the event types that can be subscribed to."""
    return [
        *_check_name("name", draft.name),
        *_check_url(draft.url, allowed),
        *_check_event_types(draft.event_types, known),
        *_check_integration(draft.integration),
        *_check_choice("body_format", draft.body_format, BODY_FORMATS),
        *_check_signature(draft),
        *_check_headers(draft.headers or {}),
        *_check_pace(draft),
    ]


def check_event_id(event_id: str) -> list[FieldError]:
    """Return what is wrong with an event id chosen by its publisher (it is signed with `.` around it)."""
    if EVENT_ID.fullmatch(event_id):
        return []
    return [FieldError("id", "Use 1 to 64 letters, digits, '_' or '-'; a dot would break the signature.")]


def _check_name(field: str, name: str) -> Iterator[FieldError]:
    if not name.strip():
        yield FieldError(field, "Give it a name.")
    elif len(name) > MAX_NAME:
        yield FieldError(field, f"Use at most {MAX_NAME} characters.")
    elif not lines.is_one(name.strip()):
        yield FieldError(field, "Leave out line breaks and control characters.")


def _check_url(url: str, allowed: AllowedTargets) -> Iterator[FieldError]:
    if not url.strip():
        yield FieldError("url", "Give the URL that receives the events.")
    elif message := netguard.check_url(url, allowed):
        yield FieldError("url", message)


def _check_event_types(patterns: Sequence[str], known: Collection[str]) -> Iterator[FieldError]:
    if not patterns:
        yield FieldError("event_types", "Choose at least one event type, or * for all.")
    if len(patterns) > MAX_PATTERNS:
        yield FieldError("event_types", f"Choose at most {MAX_PATTERNS} event types, or use a glob such as payment_*.")
    for pattern in patterns:
        if message := matching.check_pattern(pattern, known):
            yield FieldError("event_types", message)


def _check_integration(integration: str) -> Iterator[FieldError]:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,99}", integration):
        yield FieldError("integration", "Use lower-case letters, digits, '-' and '_', for example zapier.")


def _check_choice(field: str, value: str, choices: Sequence[str]) -> Iterator[FieldError]:
    if value not in choices:
        yield FieldError(field, f"Choose one of {', '.join(choices)}.")


def _check_headers(given: Mapping[str, str]) -> Iterator[FieldError]:
    if len(given) > MAX_HEADERS:
        yield FieldError("headers", f"Set at most {MAX_HEADERS} headers.")
    seen: set[str] = set()
    for name, value in given.items():
        if message := headers.check_custom(name, value):
            yield FieldError("headers", message)
        elif value == headers.REDACTED and credentials.is_credential(name):
            yield FieldError(
                "headers", f"{name}: {value} stands for a value that is not shown; ask for this webhook's."
            )
        if name.lower() in seen:
            yield FieldError("headers", f"{name} is set twice; header names do not depend on case.")
        seen.add(name.lower())


def _check_signature(draft: WebhookDraft) -> Iterator[FieldError]:
    preset = signatures.PRESETS.get(draft.scheme)
    if preset is None:
        yield from _check_choice("signature.scheme", draft.scheme, signatures.SCHEMES)
        return
    known = {option.name: option for option in preset.options}
    for name, value in draft.options.items():
        if name not in known:
            yield FieldError(f"signature.{name}", f"The scheme {draft.scheme} has no such option.")
        elif message := known[name].check(value):
            yield FieldError(f"signature.{name}", message)
    if draft.secret is not None and (message := preset.secret.check(draft.secret)):
        yield FieldError("secret", message)
    taken = preset.names(draft.options)
    for name in draft.headers or {}:
        if name.lower() in taken:
            yield FieldError("headers", f"{name} is set by the signature {preset.title}.")


def _check_pace(draft: WebhookDraft) -> Iterator[FieldError]:
    if not 1 <= draft.max_in_flight <= MAX_IN_FLIGHT:
        yield FieldError("max_in_flight", f"Allow 1 to {MAX_IN_FLIGHT} requests at the same time.")
    if draft.rate_limit is not None and not 1 <= draft.rate_limit <= MAX_RATE:
        yield FieldError("rate_limit", f"Allow 1 to {MAX_RATE:,} requests per {draft.rate_period}, or set no limit.")
    yield from _check_choice("rate_period", draft.rate_period, RATE_PERIODS)
