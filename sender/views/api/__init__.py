"""The sender's JSON API, one file per resource."""

from __future__ import annotations

from flask_openapi3.openapi import OpenAPI

from sender.views.api import deliveries, event_types, events, hooks, replays, webhooks


def install(app: OpenAPI) -> None:
    """Register every resource of the API."""
    for part in (event_types, webhooks, events, deliveries, replays, hooks):
        app.register_api(part.api)
