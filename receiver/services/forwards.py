"""Forwarding: sends a capture on to another URL, once, and tells what came of it."""

from __future__ import annotations

from receiver.core import forwarding
from receiver.models import Capture
from receiver.services.context import Context
from shared.errors import FieldError, InvalidInput
from shared.exchange import Exchange, Request
from shared.netguard import check_url


def forward(context: Context, capture: Capture, url: str) -> Exchange:
    """Send `capture` (loaded with its body) to `url` and return the exchange; what fails is an outcome in it.

    Raise InvalidInput for a URL that cannot be a target, or names a private address that is not allowed.
    """
    if fault := check_url(url, context.settings.allowed_targets):
        raise InvalidInput.of(FieldError("url", fault))
    headers = forwarding.headers(capture.headers, capture.id)
    return context.door.send(Request(capture.method, url, headers, capture.body))
