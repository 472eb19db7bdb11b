"""What is done to several webhooks at once."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from sender.services import webhooks
from sender.views.pages.base import blueprint, confirm, is_confirmed
from shared.errors import InvalidInput

_DONE: dict[webhooks.BulkVerb, str] = {"pause": "paused", "activate": "active", "delete": "deleted"}


@blueprint.post("/webhooks/bulk")
def change_webhooks() -> Response | str:
    """Pause, activate or delete the webhooks whose boxes are ticked."""
    ids = request.form.getlist("ids")
    home = url_for("pages.webhooks")
    if not ids:
        flash("Tick the webhooks first.", "error")
        return redirect(home, 303)
    verb = _verb(request.form.get("verb", ""))
    if verb == "delete" and not is_confirmed():
        fields = [("verb", verb), *(("ids", webhook_id) for webhook_id in ids)]
        text = "What they are still owed is cancelled; their past deliveries stay."
        return confirm(f"Delete {_count(len(ids))}?", text, "Delete", home, fields)
    done = webhooks.apply(verb, ids)
    flash(f"{_count(done)} {'is' if done == 1 else 'are'} {_DONE[verb]}.", "success")
    return redirect(home, 303)


def _verb(word: str) -> webhooks.BulkVerb:
    for verb in _DONE:
        if verb == word:
            return verb
    raise InvalidInput("Choose pause, activate or delete.")


def _count(number: int) -> str:
    return "1 webhook" if number == 1 else f"{number} webhooks"
