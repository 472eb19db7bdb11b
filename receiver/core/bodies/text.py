"""Anything that is text and nothing more particular."""

from __future__ import annotations

from receiver.core.bodies.base import Body, View


def keenness(body: Body) -> float:
    """Better than bytes, worse than anything that knows more."""
    return 0.3 if body.text is not None else 0.0


def view(body: Body) -> View:
    """The text as it came."""
    text = body.text
    if text is None:
        raise ValueError("not text")
    return View("Text", text)
