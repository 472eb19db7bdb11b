"""Asking a webhook's endpoint for permission, from its page."""

from __future__ import annotations

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from sender.services import context, permissions
from sender.views.pages.base import posted
from shared.errors import Conflict


@posted("/webhooks/<webhook_id>/permission", "pages.edit_webhook", "permission")
def ask_permission(webhook_id: str) -> Response:
    """Ask the endpoint whether it permits deliveries, and how many."""
    try:
        permission = permissions.ask(context.current(), webhook_id).permission
        flash(permission.detail, "success" if permission.granted else "warn")
    except Conflict as error:
        flash(error.detail, "error")
    return redirect(url_for("pages.edit_webhook", webhook_id=webhook_id, _anchor="permission"), 303)
