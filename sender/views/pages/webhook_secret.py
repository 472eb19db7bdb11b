"""The secret of a webhook on its page: revealing, rotating, revoking."""

from __future__ import annotations

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sender.services import context, queries, secrets
from sender.views.pages import webhook
from sender.views.pages.base import posted, whole_number
from shared import clock
from shared.errors import FieldError, InvalidInput
from shared.web.confirming import confirm, is_confirmed

_WHAT_REVOKING_DOES = (
    "An endpoint that does not know the present secret yet refuses what it gets. An attempt that has begun may still "
    "carry an old one."
)


@posted("/webhooks/<webhook_id>/secret", "pages.edit_webhook", "secret")
def reveal_secret(webhook_id: str) -> str:
    """Show a webhook's secret; with scripts the answer opens as a dialog."""
    found = queries.get_webhook(webhook_id)
    revealed = secrets.reveal(context.current(), found)
    return render_template("secret.html", webhook=found, secret=revealed.secret, public_key=revealed.public_key)


@posted("/webhooks/<webhook_id>/secret/rotate", "pages.edit_webhook", "secret")
def rotate_secret(webhook_id: str) -> Response | tuple[str, int]:
    """Give a webhook another secret."""
    given = request.form.get("secret", "").strip()
    try:
        rotated = secrets.rotate(context.current(), webhook_id, given or None, _overlap(request.form))
    except InvalidInput as error:
        values = request.form.to_dict() | {"errors": error.by_field()}
        return webhook.show(queries.get_webhook(webhook_id), rotation=values), error.status
    words = _who_signs(len(secrets.ends(rotated, clock.now())))
    flash(f"The secret is rotated. {words} Reveal the new one and give it to the endpoint.", "success")
    return _back(webhook_id)


@posted("/webhooks/<webhook_id>/secret/revoke", "pages.edit_webhook", "secret")
def revoke_old_secrets(webhook_id: str) -> Response | str:
    """Have only the present secret sign."""
    name = queries.get_webhook(webhook_id).name
    if not is_confirmed():
        back = url_for("pages.edit_webhook", webhook_id=webhook_id)
        return confirm(f"Revoke the old secrets of {name}?", _WHAT_REVOKING_DOES, "Revoke now", back)
    secrets.revoke_old(webhook_id)
    flash("The old secrets are revoked.", "success")
    return _back(webhook_id)


def _who_signs(old_secrets: int) -> str:
    """Return in words which secrets sign from now on."""
    if not old_secrets:
        return "Only the new one signs from now on."
    if old_secrets == 1:
        return "Both secrets sign until the old one ends."
    return f"It signs beside {old_secrets} old ones until these end."


def _overlap(form: Mapping[str, str]) -> int:
    """Return in seconds how long the old secret signs too; raise InvalidInput for what is no number."""
    faults: list[FieldError] = []
    seconds = whole_number("overlap_seconds", form.get("overlap_seconds", str(secrets.DEFAULT_OVERLAP)), faults)
    if seconds is None:
        raise InvalidInput.of(*faults)
    return seconds


def _back(webhook_id: str) -> Response:
    return redirect(url_for("pages.edit_webhook", webhook_id=webhook_id, _anchor="secret"), 303)
