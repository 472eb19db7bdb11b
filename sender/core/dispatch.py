"""Which of the due deliveries a worker takes: fair between webhooks, within their limits, first tries first.

Pure: the claim reads rows, this decides, the claim writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """A due delivery; `retry` when it has been attempted before."""

    delivery_id: str
    webhook_id: str
    retry: bool
    test: bool


@dataclass(slots=True)
class Lane:
    """What may be sent to one webhook right now; what is taken uses it up.

    `room` is what its in-flight cap leaves, and `ahead` how many more may be taken, to begin when earlier ones end.
    `tokens` is what its rate limit leaves (None: no limit) and `next_token_at` when there is one more; `rests_until` is
    set while it is given a rest, and past when one delivery may probe.
    `slow` webhooks, which failed last, hang or take long, share half of the threads with all retries. `ended` ones were
    disabled or deleted.
    """

    wanted: bool
    room: int
    ahead: int = 0
    ended: bool = False
    slow: bool = False
    tokens: int | None = None
    next_token_at: datetime | None = None
    rests_until: datetime | None = None

    @property
    def waits_for_token(self) -> bool:
        """Whether its rate limit alone keeps it from being sent to."""
        return self.wanted and not self.ended and self.room > 0 and self.tokens == 0

    def places(self, free: int, slow_free: int, now: datetime) -> int:
        """Return how many deliveries that are no tests may be sent, a probe included, if so many threads are free."""
        if not self.wanted or self.ended:
            return 0
        places = min(self.room, free if self.tokens is None else min(free, self.tokens))
        if self.rests_until is not None:
            return min(places, slow_free, 1) if self.rests_until <= now else 0
        return min(places, slow_free) if self.slow else places


@dataclass(slots=True)
class Choice:
    """Deliveries to send, to hold, webhooks that get a probe, and when a shut lane opens by itself.

    `beyond` are deliveries that the in-flight caps alone keep back, for `take_ahead`; `ahead` the ids of those it took.
    `waits` when there are deliveries that could be taken as soon as an attempt ends that is not a slow one.
    """

    taken: list[Candidate] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    probed: set[str] = field(default_factory=set)
    beyond: list[Candidate] = field(default_factory=list)
    ahead: set[str] = field(default_factory=set)
    opens_at: datetime | None = None
    waits: bool = False


def choose(
    candidates: Iterable[Candidate], lanes: Mapping[str, Lane], free: int, slow_free: int, now: datetime
) -> Choice:
    """Return what becomes of `candidates`, oldest due first; the lanes are used up by it.

    At most `free` are taken, and at most `slow_free` of those are retries or go to slow webhooks, so that however
    many endpoints hang, the others keep their threads. Deliveries of a webhook that is off or rests are
    held, so that they are not looked at again before it takes deliveries again.
    """
    choice = Choice()
    for candidate in candidates:
        lane = lanes[candidate.webhook_id]
        if lane.ended or not (lane.wanted or candidate.test):
            choice.held.append(candidate.delivery_id)
        elif lane.wanted and lane.rests_until is not None:
            slow_free -= _probe_or_hold(choice, candidate, lane, min(free - len(choice.taken), slow_free), now)
        elif len(choice.taken) < free and lane.room > 0:
            slow = candidate.retry or lane.slow
            if lane.tokens == 0:
                choice.opens_at = earlier(choice.opens_at, lane.next_token_at)
            elif not slow or slow_free > 0:
                slow_free -= slow
                _take(choice, candidate, lane)
        elif lane.ahead > 0 and not candidate.retry:
            choice.beyond.append(candidate)
        elif not lane.slow:
            choice.waits = True
    return choice


def take_ahead(choice: Choice, lanes: Mapping[str, Lane], most: int) -> None:
    """Take up to `most` of the deliveries that only in-flight caps keep back, to begin when earlier ones end."""
    for candidate in choice.beyond:
        lane = lanes[candidate.webhook_id]
        if most > 0 and lane.ahead > 0:
            lane.ahead -= 1
            most -= 1
            choice.ahead.add(candidate.delivery_id)
            _take(choice, candidate, lane)
        else:
            choice.waits = True
    choice.beyond.clear()


def _probe_or_hold(choice: Choice, candidate: Candidate, lane: Lane, free: int, now: datetime) -> int:
    """Take one delivery as the probe when the rest is over, hold the others; return how many were taken."""
    if lane.rests_until is not None and lane.rests_until <= now and candidate.webhook_id not in choice.probed:
        if lane.tokens == 0:
            choice.opens_at = earlier(choice.opens_at, lane.next_token_at)
        if lane.places(free, free, now) <= 0:
            return 0  # stays due
        choice.probed.add(candidate.webhook_id)
        _take(choice, candidate, lane)
        return 1
    choice.held.append(candidate.delivery_id)
    return 0


def _take(choice: Choice, candidate: Candidate, lane: Lane) -> None:
    choice.taken.append(candidate)
    lane.room -= 1
    if lane.tokens is not None:
        lane.tokens -= 1


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two moments that there may be."""
    return min((moment for moment in (one, other) if moment is not None), default=None)
