"""A small service that shows every part of the shared look, for tests and for looking at it.

`python -m tests.shared.gallery` serves it on port 8099.
"""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask, Response, flash, jsonify, render_template, request
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined

from shared import clock, ui
from tests.shared.gallery import samples

NONCE = "gallery-nonce"

access = Blueprint("access", __name__)
access.add_url_rule("/sign-in", "try_sign_in", lambda: "", methods=["POST"])
access.add_url_rule("/sign-out", "sign_out", lambda: "", methods=["POST"])


class Feed:
    """The live messages of the gallery: a log, and a stream that can be refused or cut."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.refuse = False
        self.requests: list[dict[str, str | None]] = []
        self.listeners: list[queue.Queue[dict[str, Any] | None]] = []

    def send(self, **item: Any) -> None:
        """Append an item and tell every open stream."""
        self.items.append({"id": len(self.items) + 1, **item})
        for listener in self.listeners:
            listener.put(self.items[-1])

    def cut(self) -> None:
        """End every open stream, as a restart of the service does."""
        for listener in self.listeners:
            listener.put(None)
        self.listeners.clear()

    def after(self, last: str | None) -> list[dict[str, Any]]:
        """Return the items behind `last`, oldest first."""
        return [item for item in self.items if item["id"] > int(last or 0)]

    def stream(self, last: str | None) -> Iterator[str]:
        """Yield the stream's text from `last` on, until it is cut."""
        listener: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.listeners.append(listener)  # first, so that nothing falls between; pages drop what comes twice
        missed = self.after(last)
        yield "retry: 50\n\n"
        for item in missed:
            yield _event(item)
        while (item := listener.get()) is not None:
            yield _event(item)


def _event(item: dict[str, Any]) -> str:
    return f"id: {item['id']}\ndata: {json.dumps(item)}\n\n"


def create_app(service: str = "Sender") -> Flask:
    """Return the gallery: `/` all parts, `/split`, `/docs`, `/sign-in`, `/error`, `/confirm`, `/live`."""
    app = Flask(__name__, template_folder=".")
    app.config.update(SECRET_KEY="gallery", TESTING=True)
    app.jinja_env.undefined = StrictUndefined
    CSRFProtect(app)
    feed = app.extensions["feed"] = Feed()
    app.register_blueprint(access)
    other = "Inspector" if service == "Sender" else "Sender"
    companion = ui.NavItem(other, "http://localhost:8001/")
    nav = [ui.NavItem(*pair) for pair in samples.NAV]
    ui.register(app, service=service, nav=nav, companion=companion)
    app.context_processor(lambda: {"csp_nonce": NONCE, "signed_in": "out" not in request.args})
    _pages(app)
    _live(app, feed)
    app.after_request(_secure)
    return app


def _secure(response: Response) -> Response:
    """Forbid what the services forbid, so that a breach shows up in the browser's console."""
    rules = ["default-src 'none'", f"script-src 'self' 'nonce-{NONCE}'", "style-src 'self'", "img-src 'self' data:"]
    rules += ["connect-src 'self'", "form-action 'self'", "base-uri 'none'"]
    response.headers["Content-Security-Policy"] = "; ".join(rules)
    return response


def _pages(app: Flask) -> None:
    def page(rule: str, template: str, endpoint: str | None = None, **context: Any) -> None:
        app.add_url_rule(rule, endpoint or rule, lambda: render_template(template, **context))

    @app.get("/")
    def everything() -> str:
        flash("Saved. The next delivery uses the new address.", "success")
        now = clock.now()
        return render_template(
            "gallery.html", now=now, soon=now + timedelta(minutes=5), old=now - timedelta(hours=3), **samples.CONTEXT
        )

    @app.get("/split")
    def split() -> str:
        return render_template("split.html", chosen=request.args.get("id"), now=clock.now(), **samples.CONTEXT)

    @app.post("/act")
    def act() -> Any:
        if request.form.get("kind") == "test":
            return render_template("result.html")
        if not request.form.get("confirmed"):
            return render_template("ui/confirm.html", **samples.CONFIRM)
        return "done"

    page("/list", "list.html", **samples.CONTEXT)
    page("/empty", "empty.html")
    page("/form", "form.html", **samples.CONTEXT)
    page("/docs", "ui/docs.html", "reference.docs", spec=samples.OPENAPI)
    app.add_url_rule("/openapi.json", "reference.openapi", lambda: samples.OPENAPI)
    page("/sign-in", "ui/sign_in.html", error=None, next="")
    page("/sign-in-failed", "ui/sign_in.html", error="That is not the admin token.", next="/deliveries")
    page("/error", "ui/error.html", **samples.ERROR)
    page("/confirm", "ui/confirm.html", **samples.CONFIRM)


def _live(app: Flask, feed: Feed) -> None:
    @app.get("/live")
    def live() -> str:
        return render_template("live.html", rows=request.args.get("rows", 0, int), last_id=len(feed.items))

    @app.get("/live/stream")
    def stream() -> Response | tuple[str, int]:
        last = request.headers.get("Last-Event-ID") or request.args.get("after")
        feed.requests.append({"header": request.headers.get("Last-Event-ID"), "after": request.args.get("after")})
        if feed.refuse:
            return "too many streams", 503
        return Response(feed.stream(last), mimetype="text/event-stream")

    @app.get("/live/poll")
    def poll() -> Response:
        return jsonify(items=feed.after(request.args.get("after")))


def asset_url(app: Flask, filename: str) -> str:
    """Return the URL of a shared asset."""
    with app.test_request_context():
        return ui.asset(filename)
