"""One attempt: from an event and a webhook through the one network door to what came of it."""

from __future__ import annotations

import structlog

from sender.core import payload
from sender.core.payload import Destination, Message, Unpreparable
from sender.settings import SenderSettings
from shared import clock
from shared.exchange import Exchange, Request
from shared.http import Door
from shared.outcome import Outcome

_log = structlog.get_logger(__name__)


def open_door(settings: SenderSettings) -> Door:
    """Return the door that deliveries leave by; it refuses private targets but those that the settings allow."""
    return Door(settings.allowed_targets, settings.limits)


def attempt(door: Door, message: Message, destination: Destination) -> Exchange:
    """Send `message` to `destination` and return the exchange; whatever fails is an outcome, never an exception."""
    now = clock.now()
    try:
        request = payload.prepare(message, destination, now)
    except Unpreparable as error:
        outcome = Outcome("internal", str(error))
    except Exception as error:  # noqa: BLE001  # a bug here must not stop a worker
        _log.exception("a request could not be prepared", event_id=message.event_id, webhook_id=destination.webhook_id)
        outcome = Outcome("internal", f"The request could not be prepared ({type(error).__name__}).")
    else:
        return door.send(request)
    return Exchange(Request("POST", destination.url, (), b""), None, outcome, now, 0)
