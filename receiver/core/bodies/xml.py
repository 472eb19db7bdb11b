"""XML (and SVG, SOAP, RSS …) as source text. It is never parsed: no entities, no external anything."""

from __future__ import annotations

from receiver.core.bodies.base import Body, View
from shared.source import markup


def keenness(body: Body) -> float:
    """By name; else by the XML declaration that opens it."""
    if body.text is None:
        return 0.0
    if body.media_type in ("application/xml", "text/xml", "image/svg+xml") or body.media_type.endswith("+xml"):
        return 0.9
    return 0.8 if body.data.lstrip()[:5].lower() == b"<?xml" else 0.0


def view(body: Body) -> View:
    """The source with one tag a line where no text stands between the tags."""
    text = body.text
    if text is None:
        raise ValueError("not text")
    return View("XML", markup.indent(text), "xml")
