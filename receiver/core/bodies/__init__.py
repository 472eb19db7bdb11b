"""How bodies are shown: each format picks itself by content and content type; the keenest one makes the view."""

from __future__ import annotations

from typing import Protocol

from receiver.core.bodies import binary, form, html, image, json, multipart, text, xml
from receiver.core.bodies.base import Body, Part, View

__all__ = ["Body", "Part", "View", "view"]


class Format(Protocol):
    """A module that knows one body format."""

    def keenness(self, body: Body) -> float:
        """Return how well `body` fits, from 0 (not at all) to 1 (by name and by content)."""

    def view(self, body: Body) -> View:
        """Return what to show of `body`."""


_FORMATS: tuple[Format, ...] = (json, form, multipart, xml, html, image, text, binary)


def view(body: Body) -> View:
    """Return the view of the format that fits best; one that fails gives way to the next."""
    for candidate in sorted(_FORMATS, key=lambda known: -known.keenness(body)):
        try:
            return candidate.view(body)
        except (ValueError, LookupError, RecursionError):  # hostile content must not break the page
            continue
    return binary.view(body)
