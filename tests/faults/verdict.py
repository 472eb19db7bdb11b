"""What came of a row of the matrix: events owed against what truly arrived at an independent sink."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.bench import report
from tests.bench.sink import BenchSink
from tests.faults.ground import Sender, await_

LATE = 10.0  # seconds after the end of a row in which an attempt may be recorded that was under way for too long

HEAD = ("fault", "database", "events", "lost", "duplicates", "time to recover (s)", "note")


@dataclass
class Verdict:
    """Counts of one row; `failures` are its expectations that did not hold, `seconds` None when it never recovered."""

    events: int
    lost: int
    duplicates: int
    seconds: float | None
    note: str = ""
    failures: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was lost and all was as expected."""
        return self.lost == 0 and self.seconds is not None and not self.failures

    def expect(self, holds: bool, otherwise: str) -> None:
        """Take down `otherwise` unless it holds."""
        if not holds:
            self.failures.append(otherwise)

    def cells(self, fault: str, database: str) -> list[str]:
        """Return the row of the table."""
        words = [self.note, *(f"**FAILED: {failure}**" for failure in self.failures)]
        seconds = "never" if self.seconds is None else f"{self.seconds:.1f}"
        counts = [f"{self.events:,}", str(self.lost), str(self.duplicates)]
        return [fault, database, *counts, seconds, "; ".join(filter(None, words))]


def judge(sink: BenchSink, owed: Iterable[str], seconds: float | None) -> Verdict:
    """Return the verdict on the events `owed`, by the `webhook-id`s that the sink counted."""
    owed = set(owed)
    seen = sink.report()
    arrived = seen["arrivals"].keys()
    verdict = Verdict(len(owed), len(owed - arrived), seen["count"] - len(arrived), seconds)
    verdict.expect(seconds is not None, "deliveries were still owed at the end")
    return verdict


def expect_recorded(verdict: Verdict, sender: Sender, requests: Callable[[], int], among: str = "true") -> None:
    """Expect an attempt for each of the `requests` that arrived, as no worker was killed; late ones have a while.

    `among` says in SQL which deliveries they were for.
    """
    attempts = f"SELECT count(*) FROM attempts JOIN deliveries ON deliveries.id = delivery_id WHERE {among}"

    def recorded() -> int:
        return sender.scalar(attempts)

    with contextlib.suppress(TimeoutError):
        await_(lambda: recorded() == requests(), seconds=LATE)
    verdict.expect(recorded() == requests(), f"{requests()} requests came, {recorded()} attempts are recorded")


def table(rows: Iterable[list[str]]) -> str:
    """Return rows as a Markdown table."""
    return report.table(HEAD, rows)
