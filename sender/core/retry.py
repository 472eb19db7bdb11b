"""What an attempt's outcome means for its delivery: done, again later, or given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from shared.outcome import Outcome

JITTER = 0.2  # of the wait, either way: deliveries that failed together do not come back together
GONE = 410
ASKS_TO_WAIT = (429, 503)  # with these a Retry-After is obeyed (RFC 6585, section 4; RFC 9110, section 15.6.4)
LONGEST_WAIT = timedelta(hours=24)  # of a Retry-After


@dataclass(frozen=True, slots=True)
class Decision:
    """The delivery's next state, why, when it is next due, and whether the webhook ends with it."""

    state: str
    reason: str | None = None
    next_attempt_at: datetime | None = None
    ends_webhook: bool = False


def decide(
    outcome: Outcome,
    status: int | None,
    number: int,
    schedule: Sequence[float],
    now: datetime,
    chance: float,
    retry_after: timedelta | None = None,
) -> Decision:
    """Return what follows from attempt `number` (from 1) having ended in `outcome`.

    `schedule` holds the seconds before each retry: an empty one retries nothing. `chance` in 0..1 picks the jitter.
    `retry_after` only ever makes the wait longer. Only 2xx succeeds; 410 ends the webhook at once (Standard
    Webhooks 1.0, "HTTP response").
    """
    if outcome.kind == "succeeded":
        return Decision("succeeded")
    if status == GONE:
        return Decision("failed", "The endpoint answered 410 Gone, which ends the webhook.", ends_webhook=True)
    if number > len(schedule):
        tries = "the only attempt" if number == 1 else f"the last of {number} attempts"
        return Decision("failed", f"Gave up: {tries} ended with: {outcome.detail}")
    wait = timedelta(seconds=schedule[number - 1] * (1 + JITTER * (2 * chance - 1)))
    if retry_after is not None and retry_after > wait:
        return Decision("pending", f"{outcome.detail} It asked to be tried again later.", now + retry_after)
    return Decision("pending", outcome.detail, now + wait)


def read_retry_after(status: int | None, headers: Sequence[tuple[str, str]], now: datetime) -> timedelta | None:
    """Return how long a 429 or 503 asks to wait (RFC 9110, section 10.2.3: seconds or a date), at most 24 hours.

    None without the header, with one that says nothing or lies in the past, and for any other status.
    """
    if status not in ASKS_TO_WAIT:
        return None
    text = next((value.strip() for name, value in headers if name.lower() == "retry-after"), "")
    try:
        wait = min(LONGEST_WAIT, _wait(text, now))
    except (ValueError, OverflowError):  # no date, or one further away than can be said
        return None
    return wait if wait > timedelta(0) else None


def _wait(text: str, now: datetime) -> timedelta:
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text.lstrip("0")[:9] or 0), 10**6))
    moment = parsedate_to_datetime(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC) - now
