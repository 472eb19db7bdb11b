"""Figures as people read them: percentiles and Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value that `share` of all values do not exceed (nearest rank)."""
    found = sorted(values)
    return found[min(len(found) - 1, int(len(found) * share))]


def rate(value: float) -> str:
    """Return a number per second."""
    return f"{value:,.0f}/s"


def milliseconds(seconds: float) -> str:
    """Return seconds as milliseconds."""
    return f"{seconds * 1000:,.1f} ms"


def ratio(value: float) -> str:
    """Return a quotient."""
    return f"{value:.2f}"
