"""The rate limit of a webhook: the generic cell rate algorithm (GCRA, ITU-T I.371), whose memory is one moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

PERIODS = {"second": timedelta(seconds=1), "minute": timedelta(minutes=1)}

# Requests that came late may be made up for within this span, so that a limit of 1,000 a second does not need a
# worker that wakes every millisecond. What may be made up for is taken off the steady rate: an endpoint that counts
# strictly sees its limit reached, never passed.
_SLACK = timedelta(milliseconds=50)

# One request may take longer than the next from its claim to the wire, and two come closer together than they were
# claimed. So the rate is kept over a period that is longer by this; whoever is to begin later than most of it after the
# claim is claimed anew.
_ON_THE_WAY = timedelta(milliseconds=50)
BEGIN_WITHIN = timedelta(milliseconds=40)


@dataclass(frozen=True, slots=True)
class Pace:
    """A limit of `rate` requests within any span of `period` at the endpoint, spread evenly.

    The margin and what may be made up for cost a tenth of the rate at most.
    """

    rate: int
    period: timedelta

    @property
    def interval(self) -> timedelta:
        """The time between two requests, rounded up: otherwise there could be one more in a period."""
        return -(-(self.period + _ON_THE_WAY) // (self.rate - self._spare))

    @property
    def _spare(self) -> int:
        """How many requests may be made up for; none at slow rates, which are spaced exactly."""
        return self.rate * _SLACK // self.period

    def allowance(self, paced_until: datetime | None, now: datetime) -> int:
        """Return how many requests may be made at `now`."""
        late = now + self._slack() - max(paced_until or now, now)
        return max(0, late // self.interval + 1) if late >= timedelta(0) else 0

    def spend(self, paced_until: datetime | None, now: datetime, count: int) -> datetime:
        """Return the limiter's memory after `count` requests at `now`."""
        return max(paced_until or now, now) + count * self.interval

    def give_back(self, paced_until: datetime, ages: Iterable[timedelta]) -> datetime:
        """Return the memory when requests are not made after all that were spent so long ago.

        Never less than it would be, had they not been spent: others may have been spent later, in time with them.
        """
        nothing = timedelta(0)
        return paced_until - sum((max(nothing, self.interval - age) for age in ages), nothing)

    def carry(self, other: Pace, paced_until: datetime | None, now: datetime) -> datetime | None:
        """Return the memory of an `other` limit as this one's, which takes its place at `now`.

        What was made counts as if it had been made under this one: changes again and again let nothing through.
        """
        if paced_until is None or paced_until <= now:
            return paced_until
        return now + (paced_until - now) / other.interval * self.interval

    def next_at(self, paced_until: datetime | None, now: datetime) -> datetime:
        """Return when the next request is allowed; `now` or earlier when it is already."""
        return (paced_until or now) - self._slack()

    def _slack(self) -> timedelta:
        return self._spare * self.interval


def of(rate: int | None, period: str) -> Pace | None:
    """Return the pace that a webhook's settings ask for, or None for no limit, or one in a period that nobody knows.

    With such a one nothing is sent, see `Destination.fault`.
    """
    return Pace(rate, PERIODS[period]) if rate and period in PERIODS else None
