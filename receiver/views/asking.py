"""What is asked before something of a bin is lost, in the words that fit how much it is."""

from __future__ import annotations

from receiver.models import Bin
from shared.counts import counted


def to_clear(owner: Bin) -> str:
    """Return the question before all captures of a bin are deleted."""
    number = owner.stored_count
    return f"Delete {'' if number == 1 else 'all '}{counted(number, 'capture')} of {owner.name}?"


def what_goes(owner: Bin) -> str:
    """Return what is lost with a bin."""
    number = owner.stored_count
    if not number:
        return "Its URL stops working."
    are = "is" if number == 1 else "are"
    return f"Its URL stops working, and its {counted(number, 'capture')} {are} deleted with it."
