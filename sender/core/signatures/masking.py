"""What is kept of an exchange under a preset that sends its secret in clear: nothing of the secret.

Many endpoints say in their answer what they were sent, debugging ones most of all.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from sender.core.signatures.preset import Preset
from sender.core.signatures.secret_formats import MIN_TEXT
from shared import outcome
from shared.exchange import Exchange, Response
from shared.headers import REDACTED


def mask(exchange: Exchange, preset: Preset, options: Mapping[str, Any], secrets: Sequence[str]) -> Exchange:
    """Return an exchange as it may be kept: without a secret that was sent in clear, or that the answer repeats."""
    bare = preset.bare_names(options)
    if not bare:
        return exchange
    fields = [(name, REDACTED if name.lower() in bare else value) for name, value in exchange.request.headers]
    exchange = replace(exchange, request=replace(exchange.request, headers=tuple(fields)))
    said = {spelt for secret in secrets for form in preset.clear(secret) for spelt in _spellings(form)}
    if exchange.response is None or not said:
        return exchange
    response = _mask_response(exchange.response, said)
    if response.headers != exchange.response.headers and exchange.outcome.kind == "http_status":
        location = next((value for name, value in response.headers if name.lower() == "location"), None)
        exchange = replace(exchange, outcome=outcome.of_status(response.status, location))  # it quotes the header
    return replace(exchange, response=response)


def _spellings(text: str) -> set[str]:
    """Return a printable ASCII text as it stands in plain text, JSON (PHP writes `\\/`), HTML and URLs."""
    in_json = json.dumps(text)[1:-1]
    return {text, in_json, in_json.replace("/", "\\/"), html.escape(text), quote(text, safe="")}


def _mask_response(response: Response, said: Collection[str]) -> Response:
    longest_first = sorted(said, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    headers = tuple((name, pattern.sub(REDACTED, value)) for name, value in response.headers)
    body = pattern.sub(REDACTED, response.body.decode("latin-1"))  # any byte is a character of it, and back
    if response.truncated:
        body = _mask_end(body, longest_first)
    return replace(response, headers=headers, body=body.encode("latin-1"))


def _mask_end(text: str, said: Sequence[str]) -> str:
    """Return text that was cut off somewhere without the beginning of a secret at its end."""
    begun = (size for one in said for size in range(len(one) - 1, MIN_TEXT - 1, -1) if text.endswith(one[:size]))
    size = max(begun, default=0)
    return text[:-size] + REDACTED if size else text
