"""The sender's pages; each works without scripts."""

from __future__ import annotations

from flask import Flask

from sender.views.pages import (
    bodies,
    bulk,
    deliveries,
    edit_resend,
    event_types,
    replays,
    send,
    webhook,
    webhook_permission,
    webhook_secret,
    webhooks,
)
from sender.views.pages.base import blueprint
from shared import outcome

__all__ = [
    "bulk",
    "deliveries",
    "edit_resend",
    "event_types",
    "replays",
    "send",
    "webhook",
    "webhook_permission",
    "webhook_secret",
    "webhooks",
]  # importing them adds their routes


def install(app: Flask) -> None:
    """Register every page with `app`."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        outcome_title=outcome.title, was_sent=outcome.was_sent, show_body=bodies.show, json_tokens=bodies.tokens
    )
