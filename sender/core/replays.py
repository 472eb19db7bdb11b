"""Replays: which pairs of an event and a webhook are sent again, and how fast."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from sender.core import matching
from shared.errors import FieldError
from shared.moments import microseconds, of_microseconds

Verdict = Literal["make", "done", "no"]

STATES = ("succeeded", "failed", "cancelled", "missing")
NOT_ARRIVED = ("failed", "cancelled", "missing")  # what is replayed when no state is asked for
DEFAULT_RATE = 50
MAX_RATE = 1000
MOST_AT_ONCE = 100  # deliveries made in one step
STEPS_PER_SECOND = 5
CATCH_UP = timedelta(seconds=1)  # how much of what a late step missed the next ones make up for
LONGEST_PAUSE = timedelta(seconds=1)  # between two steps, at the slowest rate
BREATH = timedelta(milliseconds=10)  # between two steps that only looked, so that other writers get their turn
MOST_EVENTS = 500  # looked at in one step
MOST_PAIRS = 5000

NO_END = datetime.max.replace(tzinfo=UTC)  # all up to now: what comes after a replay is asked for is delivered anyhow

_SEPARATOR = "|"
_ALL = "~"  # after every id


@dataclass(frozen=True, slots=True)
class ReplayDraft:
    """What is to be sent again: the events of `since` to before `until`, and which deliveries of them."""

    since: datetime
    until: datetime
    webhook_id: str | None = None
    event_type: str | None = None
    state: str | None = None
    rate: int = DEFAULT_RATE


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook that a replay sends to, as far as it looks at it; `takes` while it is active."""

    id: str
    event_types: Sequence[str]
    created_at: datetime
    takes: bool = True


@dataclass(frozen=True, slots=True)
class PastEvent:
    """An event that may be replayed; `is_plain` when every webhook that wanted its type should have got it."""

    id: str
    type: str
    created_at: datetime
    is_plain: bool


class PastDelivery(Protocol):
    """A delivery of one event to one webhook."""

    @property
    def state(self) -> str:
        """Its state now."""

    @property
    def created_at(self) -> datetime:
        """When it was made."""

    @property
    def finished_at(self) -> datetime | None:
        """When it ended; None while it is under way."""


def check(draft: ReplayDraft, known: Collection[str]) -> Iterator[FieldError]:
    """Yield what is wrong with `draft`; `known` are all event types, retired ones too."""
    if draft.event_type is not None and (message := matching.check_pattern(draft.event_type, known)):
        yield FieldError("event_type", message)
    if draft.state is not None and draft.state not in STATES:
        yield FieldError("state", f"Choose one of {', '.join(STATES)}, or none for all that did not arrive.")
    if draft.since >= draft.until:
        yield FieldError("since", "This must be before the end, and not in the future.")
    if not 1 <= draft.rate <= MAX_RATE:
        yield FieldError("rate", f"Choose 1 to {MAX_RATE} deliveries per second.")


def wanted_states(state: str | None) -> tuple[str, ...]:
    """Return the states of pairs that a replay asked for with `state` sends again."""
    return NOT_ARRIVED if state is None else (state,)


def counts_as_missing(target: Target, event: PastEvent, state: str | None) -> bool:
    """Return whether an event of which a webhook has no delivery is one that it misses.

    It is when the webhook's event types, as they are now, match. An event from before the webhook was registered is
    missed only when `missing` is asked for by name: who repeats what an outage lost does not mean to fill up a new one.
    """
    if not event.is_plain or not matching.matches(target.event_types, event.type):
        return False
    return state == "missing" or event.created_at >= target.created_at


def judge(
    target: Target, event: PastEvent, deliveries: Sequence[PastDelivery], state: str | None, asked_at: datetime
) -> Verdict:
    """Return whether a delivery of `event` to `target` is to be made, given those there are, oldest first.

    `done`: it was counted when the replay was asked for, but since then somebody has sent it again. `no`: it never was
    among what is to be sent, for example because a delivery was under way.
    """
    before = [one for one in deliveries if one.created_at < asked_at]
    if any(one.finished_at is None or one.finished_at >= asked_at for one in before):
        return "no"
    found = pair_state(before)
    if found not in wanted_states(state) or (found == "missing" and not counts_as_missing(target, event, state)):
        return "no"
    return "make" if len(before) == len(deliveries) else "done"


def pair_state(deliveries: Sequence[PastDelivery]) -> str:
    """Return how an event stands with a webhook, given its finished deliveries, oldest first.

    `missing` without any, `succeeded` when any did, else the state of the newest.
    """
    if not deliveries:
        return "missing"
    if any(one.state == "succeeded" for one in deliveries):
        return "succeeded"
    return deliveries[-1].state


def step_size(rate: int) -> int:
    """Return how many deliveries one step makes at most: a fifth of a second's, 1 to 100."""
    return max(1, min(MOST_AT_ONCE, rate // STEPS_PER_SECOND))


def events_per_step(targets: int) -> int:
    """Return how many events one step looks at, so that it stays short however many webhooks there are."""
    return max(10, min(MOST_EVENTS, MOST_PAIRS // max(1, targets)))


def next_step(due: datetime, now: datetime, made: int, rate: int) -> datetime:
    """Return when the next step is due after one that was due at `due` and has made `made` deliveries at `now`.

    A step that came late does not slow the replay down, unless it came very late: then the rest is forgone.
    """
    if not made:
        return now + BREATH
    return max(due, now - CATCH_UP) + timedelta(seconds=made / rate)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a replay has come: the last pair that it looked at; its events go by time, their webhooks by id."""

    created_at: datetime
    event_id: str
    webhook_id: str = _ALL

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Return the cursor that `str` wrote."""
        moment, event_id, webhook_id = text.split(_SEPARATOR)
        return cls(of_microseconds(int(moment)), event_id, webhook_id)

    def __str__(self) -> str:
        """Return the cursor as it is stored."""
        return _SEPARATOR.join((str(microseconds(self.created_at)), self.event_id, self.webhook_id))

    def is_past(self, event_id: str, webhook_id: str) -> bool:
        """Return whether a pair was looked at; its event is not before the cursor's."""
        return event_id == self.event_id and webhook_id <= self.webhook_id
