"""What is done to several webhooks at once."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, redirect, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from sender.models import Webhook
from sender.services import queries, webhooks
from sender.views.pages.base import posted
from sender.views.pages.replays import replay_url
from shared.counts import counted
from shared.errors import InvalidInput
from shared.web.confirming import confirm, is_confirmed

_MOST_NAMED = 10
_PLACE = ("q", "state", "integration", "cursor")  # where in the list the person was, and is led back to
_DONE: dict[webhooks.BulkVerb, str] = {"pause": "paused", "activate": "active", "delete": "deleted"}


@posted("/webhooks/bulk", "pages.webhooks")
def change_webhooks() -> Response | str:
    """Pause, activate or delete the webhooks whose boxes are ticked."""
    ids = request.form.getlist("ids")
    place = {name: request.form[name] for name in _PLACE if request.form.get(name)}
    home = url_for("pages.webhooks", **place)  # type: ignore[arg-type]  # none of them is an option of url_for
    if not ids:
        flash("Tick the webhooks first.", "error")
        return redirect(home, 303)
    verb = _verb(request.form.get("verb", ""))
    if verb == "delete" and not is_confirmed():
        fields = [("verb", verb), *place.items(), *(("ids", webhook_id) for webhook_id in ids)]
        text = f"{_names(ids)}. What they are still owed is cancelled; their past deliveries stay."
        return confirm(f"Delete {counted(len(ids), 'webhook')}?", text, "Delete", home, fields)
    found = webhooks.apply(verb, ids)
    disabled = [one for one in found if one.state == "disabled"] if verb == "pause" else []
    if done := len(found) - len(disabled):
        flash(f"{counted(done, 'webhook is', 'webhooks are')} {_DONE[verb]}.", "success")
    if done and verb == "pause":
        which = "it" if done == 1 else "them"
        flash(f"What is published from now on is not kept for {which}; a replay can send it.", "info")
    if disabled:
        flash(f"{counted(len(disabled), 'stays', 'stay')} disabled.", "warn")
    if verb == "activate" and (offered := [one for one in found if one.missed_since]):
        flash(_offer(offered), "info")
    return redirect(home, 303)


def _offer(offered: Sequence[Webhook]) -> Markup:
    """Return the line that leads to the replays of what webhooks missed."""
    link = Markup('<a href="{}">{}</a>').format
    links = Markup(", ").join(link(replay_url(webhook), webhook.name) for webhook in offered[:_MOST_NAMED])
    more = f" and {len(offered) - _MOST_NAMED} more, from their own pages" if len(offered) > _MOST_NAMED else ""
    return Markup("What they missed while they were off can be replayed: {}{}.").format(links, more)


def _names(ids: Sequence[str]) -> str:
    """Return what webhooks are called; raise NotFound when one has gone meanwhile."""
    names = ", ".join(queries.get_webhook(one).name for one in ids[:_MOST_NAMED])
    return f"{names} and {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else names


def _verb(word: str) -> webhooks.BulkVerb:
    for verb in _DONE:
        if verb == word:
            return verb
    raise InvalidInput("Choose pause, activate or delete.")
