"""How large a run of the benches is: whole, a tenth to try it, or just enough to see that it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """A part of the whole."""

    part: int

    def of(self, whole: int) -> int:
        """Return how many of `whole` a run of this size takes: at least one."""
        return max(1, whole // self.part)

    def rounds(self, whole: int) -> int:
        """Return how many rounds it makes where a whole run makes `whole`."""
        return whole if self.part == 1 else 1


WHOLE, QUICK, TINY = Size(1), Size(10), Size(100)
