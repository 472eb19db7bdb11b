"""What became of the deliveries that a replay made: counted each time while they are few, seldom when they are many.

The page of a replay asks each second, and to count 900,000 takes a tenth of a second although an index tells it all. So
a count of many is told again for fifty times as long as it took: counting takes a fiftieth of the time at most, however
many look on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import func, select

from sender.models import DELIVERY_STATES, Delivery, Replay, db
from shared import clock

_MANY = 10_000
_TOLD_FOR = 50  # times the seconds that counting took
_LONGEST_COUNT = 60.0  # seconds for which the last count is told while somebody counts anew
_MOST_REPLAYS = 100  # whose counts are kept


@dataclass(frozen=True, slots=True)
class _Count:
    """Deliveries by state, counted while the replay was in the state `of`, and until when they are told (seconds)."""

    numbers: dict[str, int]
    of: str
    until: float


_counts: dict[str, _Count] = {}  # by the replay's id; of this process


def outcomes(replay: Replay) -> dict[str, int]:
    """Return how many of the deliveries that a replay made are in each state, also when none is.

    Of more than 10,000 it may be some seconds old, but never from before the replay ended.
    """
    start = clock.monotonic()
    last = _counts.get(replay.id)
    if last is not None and last.of == replay.state:
        if start < last.until:
            return dict(last.numbers)
        _counts[replay.id] = replace(last, until=start + _LONGEST_COUNT)
    numbers = _count(replay.id)
    if sum(numbers.values()) <= _MANY:
        _counts.pop(replay.id, None)
        return numbers
    if len(_counts) >= _MOST_REPLAYS:
        _counts.clear()
    now = clock.monotonic()
    _counts[replay.id] = _Count(numbers, replay.state, now + _TOLD_FOR * (now - start))
    return dict(numbers)


def _count(replay_id: str) -> dict[str, int]:
    query = select(Delivery.state, func.count()).where(Delivery.replay_id == replay_id).group_by(Delivery.state)
    found = {state: number for state, number in db.session.execute(query)}  # noqa: C416  # rows are no pairs for mypy
    return dict.fromkeys(DELIVERY_STATES, 0) | found
