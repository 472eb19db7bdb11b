"""A request of our own for a bin that waits for its first."""

from __future__ import annotations

from datetime import datetime

from receiver.core import capture
from receiver.core.capture import Arrival, OwnCredentials
from receiver.models import Bin
from receiver.services.batch import Stored
from receiver.services.context import Context
from shared import __version__, clock, json_text, moments


def send(context: Context, owner: Bin, host: str, peer: str) -> Stored:
    """Store a sample webhook in a bin, as if `peer` had sent it to `host`, and return what became of it."""
    now = clock.now()
    body = _body(now).encode()
    arrival = Arrival(
        method="POST",
        target=f"/b/{owner.slug}?source=sample",
        mount=f"/b/{owner.slug}",
        headers=(
            ("Host", host),
            ("User-Agent", f"Hookloop/{__version__} (sample)"),
            ("Accept", "*/*"),
            ("Content-Type", "application/json"),
            ("Webhook-Event", "order.paid"),
            ("Content-Length", str(len(body))),
        ),
        fidelity="exact",
        peer=peer,
        body=body,
    )
    nobody = OwnCredentials(frozenset(), "")
    return context.intake.store(owner.slug, capture.read(arrival, trusted_proxies=0, own=nobody), now)


def _body(now: datetime) -> str:
    """Return the sample's payload; its id is larger than JavaScript can hold, to show that nothing is rounded."""
    return json_text.dump(
        {
            "type": "order.paid",
            "timestamp": moments.rfc3339(now),
            "data": {
                "id": 9007199254740993,
                "total": 129.9,
                "currency": "EUR",
                "customer": {"name": "Ada Example", "email": "ada@example.com"},
                "items": [{"sku": "MUG-01", "quantity": 2}, {"sku": "TEE-M", "quantity": 1}],
                "paid": True,
                "coupon": None,
            },
        }
    )
