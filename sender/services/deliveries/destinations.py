"""What a webhook asks of the requests made to it; settings that make no sense are its fault alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog

from sender.core import pace
from sender.core.payload import Destination, Unpreparable
from sender.core.signatures import SCHEMES
from sender.services import own_headers
from sender.services.secrets import live
from sender.services.vault import Vault

_log = structlog.get_logger(__name__)


def destination(webhook: Any, vault: Vault, now: datetime) -> Destination:
    """Return what a webhook (its row) asks of the requests made to it at `now`.

    Settings of another release may make no sense to this one. Then the destination has a fault, with which attempts
    fail and are made again: an error would end the claim of all webhooks, again and again.
    """
    try:
        return _read(webhook, vault, now)
    except Unpreparable as error:
        fault = str(error)
    except Exception as error:  # noqa: BLE001  # whatever it is, the other webhooks get what they are owed
        _log.error("settings of a webhook cannot be read", webhook_id=webhook.id, exc_info=error)
        fault = f"The webhook's settings cannot be read ({type(error).__name__}): save them anew."
    return Destination(webhook.id, webhook.url, "standard", {"scheme": "none"}, {}, (), fault)


def _read(webhook: Any, vault: Vault, now: datetime) -> Destination:
    scheme = webhook.signature["scheme"]
    if scheme not in SCHEMES:
        raise Unpreparable(f"This release does not know the webhook's signature scheme, {scheme!r}.")
    if webhook.rate_limit and webhook.rate_period not in pace.PERIODS:
        raise Unpreparable(
            f"This release does not know the period of the webhook's rate limit, {webhook.rate_period!r}."
        )
    return Destination(
        webhook_id=webhook.id,
        url=webhook.url,
        body_format=webhook.body_format,
        signature=webhook.signature,
        headers=own_headers.unlock(vault, webhook),
        secrets=live(vault, webhook, now),
        origin=webhook.permitted_origin,
    )
