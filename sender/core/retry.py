"""What an attempt's outcome means for its delivery: done, again later, or given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.outcome import Outcome

JITTER = 0.2  # of the wait, either way: deliveries that failed together do not come back together
GONE = 410


@dataclass(frozen=True, slots=True)
class Decision:
    """The delivery's next state, why, when it is next due, and whether the webhook ends with it."""

    state: str
    reason: str | None = None
    next_attempt_at: datetime | None = None
    ends_webhook: bool = False


def decide(
    outcome: Outcome, status: int | None, number: int, schedule: Sequence[float], now: datetime, chance: float
) -> Decision:
    """Return what follows from attempt `number` (from 1) having ended in `outcome`.

    `schedule` holds the seconds before each retry: an empty one retries nothing. `chance` in 0..1 picks the jitter.
    Only 2xx succeeds; 410 ends the webhook at once (Standard Webhooks 1.0, "HTTP response").
    """
    if outcome.kind == "succeeded":
        return Decision("succeeded")
    if status == GONE:
        return Decision("failed", "The endpoint answered 410 Gone, which ends the webhook.", ends_webhook=True)
    if number > len(schedule):
        tries = "the only attempt" if number == 1 else f"the last of {number} attempts"
        return Decision("failed", f"Gave up: {tries} ended with: {outcome.detail}")
    wait = schedule[number - 1] * (1 + JITTER * (2 * chance - 1))
    return Decision("pending", outcome.detail, now + timedelta(seconds=wait))
