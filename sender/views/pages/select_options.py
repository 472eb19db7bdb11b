"""What the select fields of filters offer.

Each option is a value and its label; the first has no value and stands for no filter.
"""

from __future__ import annotations

from sender.services import event_types


def of_event_types(unfiltered: str, chosen: str | None) -> list[tuple[str, str]]:
    """Return the event types, retired ones too; a chosen glob or a name that is none stands at the end."""
    slugs = [kind.slug for kind in event_types.all_types(retired=True)]
    options = [("", unfiltered), *((slug, slug) for slug in slugs)]
    return options if not chosen or chosen in slugs else [*options, (chosen, chosen)]
