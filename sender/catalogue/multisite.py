"""What the event types of Ultimate Multisite 2 have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sender.catalogue.blocks import Version
from sender.catalogue.definition import EventTypeDefinition, Part, define

SOURCE = "ultimate-multisite-2"
STORED_ONLY = "Ultimate Multisite 2 itself notes it in its activity log and calls no webhook."


def multisite(
    slug: str, name: str, description: str, fires_when: str, *parts: Part, example: Mapping[str, Any] | None = None
) -> EventTypeDefinition:
    """Return an event type of Ultimate Multisite 2: `parts` and the plugin's version, flat in one object."""
    return define(slug, name, description, fires_when, source=SOURCE, parts=[*parts, Version], example=example)
