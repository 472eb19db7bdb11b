"""Raster images, known by their first bytes, whatever the request called them. SVG is XML and never drawn."""

from __future__ import annotations

from receiver.core.bodies.base import Body, View

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


def keenness(body: Body) -> float:
    """By content alone: nothing else begins like this."""
    return 1.0 if media_type(body.data) else 0.0


def view(body: Body) -> View:
    """A preview of the image."""
    kind = media_type(body.data)
    if kind is None:
        raise ValueError("not an image")
    return View("Image", image=None if body.cut else kind, note="Too large for a preview here." if body.cut else "")


def media_type(data: bytes) -> str | None:
    """Return the media type of a raster image that browsers draw without running anything in it."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SIGNATURES.items() if data.startswith(signature)), None)
