"""The form that decides what a bin answers."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from werkzeug.wrappers import Response

from receiver.models import Bin
from receiver.services import bins
from receiver.views import links
from receiver.views.pages import response_form
from receiver.views.pages.base import blueprint
from shared.errors import InvalidInput


@blueprint.get("/bins/<slug>/response")
def edit_response(slug: str) -> str:
    """Show what a bin answers."""
    owner = bins.get(slug)
    return _page(owner, response_form.of_rule(owner.response), {})


@blueprint.post("/bins/<slug>/response")
def change_response(slug: str) -> Response | tuple[str, int]:
    """Decide what a bin answers."""
    owner = bins.get(slug)
    try:
        bins.set_response(owner.id, response_form.read(request.form))
    except InvalidInput as error:
        faults = response_form.by_field(error.errors, request.form)
        return _page(owner, request.form.to_dict(), faults), error.status
    flash("From the next request on, the bin answers so.", "success")
    return redirect(links.page(owner), 303)


def _page(owner: Bin, values: dict[str, Any], errors: dict[str, str]) -> str:
    return render_template("response.html", bin=owner, url=links.capture_url(owner), values=values, errors=errors)
