"""From a prepared request to what came of it, through the one network door."""

from __future__ import annotations

from sender.settings import SenderSettings
from shared.exchange import Exchange, Request
from shared.http import Door


def open_door(settings: SenderSettings) -> Door:
    """Return the door that deliveries leave by; it refuses private targets but those that the settings allow."""
    return Door(settings.allowed_targets, settings.limits)


def send(door: Door, request: Request) -> Exchange:
    """Make one attempt and return its exchange; a failure is an outcome, never an exception."""
    return door.send(request)
