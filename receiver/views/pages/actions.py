"""What is done from the inspector to or with one capture."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from receiver.services import bins, captures, context, samples
from receiver.views import links
from receiver.views.pages.base import blueprint, confirm, is_confirmed


@blueprint.post("/bins/<slug>/sample")
def send_sample(slug: str) -> Response:
    """Put a sample webhook into a bin."""
    owner = bins.get(slug)
    samples.send(context.current(), owner, request.host, request.remote_addr or "")
    return redirect(links.page(owner), 303)


@blueprint.post("/bins/<slug>/<request_id>/delete")
def delete_capture(slug: str, request_id: str) -> Response | str:
    """Delete one capture."""
    owner = bins.get(slug)
    capture = captures.get(owner.id, request_id)
    if not is_confirmed():
        here = url_for("pages.inspect_capture", slug=slug, request_id=request_id)
        return confirm("Delete this capture?", f"{capture.method} {capture.path or '/'}", "Delete", here)
    bins.remove_capture(context.current(), owner.id, capture.id)
    flash("The capture is deleted.", "success")
    return redirect(links.page(owner), 303)
