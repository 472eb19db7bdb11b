"""What is done from the inspector to or with one capture."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from receiver.services import bins, captures, context, forwards, samples
from receiver.views import detail, links
from receiver.views.pages.base import blueprint
from shared import outcome
from shared.errors import InvalidInput
from shared.web.confirming import confirm, is_confirmed


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
    bins.remove_capture(owner.id, capture.id)
    flash("The capture is deleted.", "success")
    return redirect(links.page(owner), 303)


@blueprint.post("/bins/<slug>/<request_id>/forward")
def forward_capture(slug: str, request_id: str) -> str | tuple[str, int]:
    """Send a capture on and show what came back; with scripts the answer opens as a dialog."""
    owner = bins.get(slug)
    capture = captures.get(owner.id, request_id, with_body=True)
    url = request.form.get("url", "").strip()
    try:
        exchange = forwards.forward(context.current(), capture, url)
    except InvalidInput as error:
        return render_template("forward.html", bin=owner, c=capture, url=url, error=error.detail), error.status
    shown = detail.text_of_answer(exchange.response)
    return render_template(
        "forward.html", bin=owner, c=capture, url=url, exchange=exchange, answer=shown, title=outcome.title
    )
