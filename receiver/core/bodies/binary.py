"""Bytes that are no text: shown in hex."""

from __future__ import annotations

from receiver.core.bodies.base import Body, View


def keenness(body: Body) -> float:  # noqa: ARG001  # everything is bytes
    """The last resort."""
    return 0.1


def view(body: Body) -> View:  # noqa: ARG001  # the hex tab shows them
    """Nothing to read; the Hex tab shows the bytes."""
    return View("Binary", note="These bytes are not text; see them in hex or download them.")
