"""Figures as people read them: percentiles and Markdown tables."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def percentile(values: Iterable[float], share: float) -> float:
    """Return the least value that at least `share` of all values do not exceed (nearest rank)."""
    found = sorted(values)
    rank = math.ceil(round(len(found) * share, 9))  # rounded, as 0.07 * 100 is a little more than 7
    return found[max(rank, 1) - 1]


def rate(value: float) -> str:
    """Return a number per second."""
    return f"{value:,.0f}/s"


def milliseconds(seconds: float) -> str:
    """Return seconds as milliseconds."""
    return f"{seconds * 1000:,.1f} ms"


def ratio(value: float) -> str:
    """Return a quotient."""
    return f"{value:.2f}"


def spread(values: Sequence[float]) -> str:
    """Return the median of some quotients, with the least and the greatest when there are several."""
    middle = ratio(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({ratio(min(values))} to {ratio(max(values))})"
