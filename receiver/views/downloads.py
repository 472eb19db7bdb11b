"""Captured bytes on their way out: never as anything that a browser would run or draw by itself."""

from __future__ import annotations

from flask import Response

from receiver.core.bodies import image
from receiver.models import Capture


def body(capture: Capture) -> Response:
    """Return the exact body of `capture` as a download."""
    return attachment(capture.body, f"{capture.id}.bin")


def attachment(data: bytes, filename: str) -> Response:
    """Return bytes as a download called `filename`, which must be ours and ASCII."""
    response = Response(data, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return _inert(response)


def preview(capture: Capture) -> Response | None:
    """Return the body of `capture` as an image for the inspector; None when it is no raster image."""
    kind = image.media_type(capture.body)
    return None if kind is None else _inert(Response(capture.body, content_type=kind))


def _inert(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
