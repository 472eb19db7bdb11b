"""The form with all settings of a webhook, and what became of them."""

from __future__ import annotations


def settings(url, **changes):
    """What the full form of a webhook sends, each field other than it usually is; None: not sent."""
    fields = {
        "name": "Renamed",
        "url": url,
        "event_types": ["payment_received", "site_published"],
        "globs": "membership_*, checkout_*",
        "active": "1",
        "integration": "crm",
        "body_format": "flat",
        "scheme": "none",
        "headers": "X-Api-Key: abc:def\n\nX-Team: billing",
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def stored(api, hook):
    """A webhook as the API tells it."""
    return api("GET", f"/api/v1/webhooks/{hook['id']}")[1]
