"""HTML as source text only: what a bin captured is never rendered."""

from __future__ import annotations

from receiver.core.bodies.base import Body, View


def keenness(body: Body) -> float:
    """By name; else by how it begins."""
    if body.text is None:
        return 0.0
    if body.media_type in ("text/html", "application/xhtml+xml"):
        return 0.9
    return 0.6 if body.data.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")) else 0.0


def view(body: Body) -> View:
    """The source as it came."""
    return View("HTML", body.text, "html")
