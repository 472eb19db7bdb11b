"""What is kept of an exchange: nothing of a secret that a preset sends in clear, or of a webhook's own credentials.

Many endpoints say in their answer what they were sent, debugging ones most of all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sender.core.signatures import credentials, spellings
from sender.core.signatures.preset import Preset
from sender.core.signatures.secret_formats import MIN_TEXT
from sender.core.signatures.spellings import Reading
from shared import outcome
from shared.exchange import Exchange, Response
from shared.headers import REDACTED

_QUOTATION_ENDS = "'\"."


def mask(exchange: Exchange, preset: Preset, options: Mapping[str, Any], secrets: Sequence[str]) -> Exchange:
    """Return an exchange as it may be kept: without a secret that was sent in clear, or that the answer repeats.

    So are the values of headers of a webhook's own that carry a credential by their name.
    """
    bare = preset.bare_names(options)
    own = tuple([field for field in credentials.of(exchange.request.headers) if field[0].lower() not in bare])
    if not bare and not own:
        return exchange
    hidden = bare | {name.lower() for name, _ in own}
    fields = [(name, REDACTED if name.lower() in hidden else value) for name, value in exchange.request.headers]
    exchange = replace(exchange, request=replace(exchange.request, headers=tuple(fields)))
    forms = _forms(preset.clear, tuple(secrets), own)
    came_of_it = replace(exchange.outcome, detail=_mask_words(exchange.outcome.detail, forms))
    response = exchange.response and _mask_response(exchange.response, forms)
    if response and response != exchange.response and came_of_it.kind == "http_status":
        location = next((value for name, value in response.headers if name.lower() == "location"), None)
        came_of_it = outcome.of_status(response.status, location)  # it quotes the beginning of the header
    return replace(exchange, response=response, outcome=came_of_it)


@lru_cache(1024)
def _forms(clear: Callable[[str], Sequence[str]], secrets: tuple[str, ...], own: credentials.Pairs) -> tuple[str, ...]:
    """Return how readings of a text may hold one of the secrets, or of the `own` credentials: as it is, and without
    what looks like an escape."""
    forms = [*(form for secret in secrets for form in clear(secret)), *credentials.clear(own)]
    seen = {form: spellings.readings(form) for form in forms}
    bare = [reading.text for found in seen.values() for reading in found[1:] if len(reading.text) >= MIN_TEXT]
    return tuple(dict.fromkeys([found[0].text for found in seen.values()] + bare))


def _mask_response(response: Response, forms: Sequence[str]) -> Response:
    headers = response.headers
    told = "\n".join([text for pair in headers for text in pair])  # mostly there is nothing to mask in any
    if _mask_text(told, forms) != told:
        headers = tuple((_mask_text(name, forms), _mask_text(value, forms)) for name, value in headers)
    body = response.body.decode("latin-1")  # any byte is a character of it, and back
    body = _mask_text(body, forms, cut_off=response.truncated)
    return replace(response, headers=headers, body=body.encode("latin-1"))


def _mask_words(detail: str, forms: Sequence[str]) -> str:
    """Return words about an answer without a secret, also one that is cut off where they end quoting the answer."""
    words = detail.rstrip(_QUOTATION_ENDS)
    return _mask_text(words, forms, cut_off=True) + detail[len(words) :]


def _mask_text(text: str, forms: Sequence[str], *, cut_off: bool = False) -> str:
    """Return a text without any of the forms; `cut_off`: without the beginning of one at its end either."""
    readings = spellings.readings(text)
    spans = [span for reading in readings for form in forms for span in _spans(reading, form)]
    if cut_off:
        spans += [(start, len(text)) for reading in readings for form in forms for start in _begun(reading, form)]
    masked, done = [], 0
    for start, end in sorted(spans):
        if start >= done:
            masked += [text[done:start], REDACTED]
        done = max(done, end)
    return "".join([*masked, text[done:]]) if masked else text


def _spans(reading: Reading, form: str) -> list[tuple[int, int]]:
    found = []
    start = reading.text.find(form)
    while start >= 0:
        found.append(reading.origin(start, start + len(form)))
        start = reading.text.find(form, start + len(form))
    return found


def _begun(reading: Reading, form: str) -> list[int]:
    """Return where in the original a form begins that goes on behind the end; half an escape may be the last of it."""
    found = []
    for text in {reading.text, spellings.without_half_escape(reading.text)}:
        sizes = range(len(form) - (text == reading.text), MIN_TEXT - 1, -1)
        size = next((size for size in sizes if text.endswith(form[:size])), 0)
        if size:
            found.append(reading.origin(len(text) - size, len(text))[0])
    return found
