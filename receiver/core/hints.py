"""What a request seems to be about, guessed from headers that well-known senders add."""

from __future__ import annotations

from collections.abc import Iterable

from shared.headers import get

# Header names in lower case, the most telling first.
_EVENT_HEADERS = (
    "webhook-event",
    "x-github-event",
    "x-gitlab-event",
    "x-shopify-topic",
    "x-wc-webhook-topic",
    "x-event-key",
    "x-gitea-event",
    "x-webhook-event",
    "x-event-type",
    "ce-type",
)
# Headers that proxies add on the way; dimmed where headers are listed.
ON_THE_WAY = frozenset(
    {"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip"}
)


def event_type(headers: Iterable[tuple[str, str]]) -> str:
    """Return the event type that a sender named in a header, "" when none did."""
    return _first(headers, _EVENT_HEADERS)


def media_type(headers: Iterable[tuple[str, str]]) -> str:
    """Return the media type of the body without its parameters, "" when the request names none."""
    return (get(headers, "content-type") or "").partition(";")[0].strip().lower()


def _first(headers: Iterable[tuple[str, str]], names: tuple[str, ...]) -> str:
    known = {name.lower(): value for name, value in reversed(list(headers))}
    return next((known[name] for name in names if known.get(name)), "")
