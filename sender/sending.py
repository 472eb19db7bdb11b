"""Attempts: a claimed delivery goes in, its result comes out."""

from __future__ import annotations

import contextlib
import logging
import queue
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from sender import transport
from sender.core import pace
from sender.crew import Crew, drain
from sender.failing import Failing
from sender.in_flight import InFlight
from sender.revisions import Revisions
from sender.services.context import Context
from sender.services.deliveries import HANGING_AFTER, Claimed, Result
from shared import clock, descriptors
from shared.exchange import Exchange

# Of each thread; part of what a turn at the database costs is the same for any number. With 2 instead of 1, two workers
# on SQLite spent 80 µs of CPU a delivery in turns, instead of 95.
_RESULTS_WORTH_A_TURN = 2
_FORESEEN = 1.5  # times what the last transaction took, since no two take the same
SPARE = 3  # threads for each of `worker_threads`, for attempts that hang: these only wait, at some 50 kB each

_log = structlog.get_logger("sender.worker")
_stdlib_log = logging.getLogger("sender.worker")  # asked first: most attempts succeed and are not logged


@dataclass(frozen=True, slots=True)
class _Job:
    """A claim, when its lease began, and when its attempt has to begin (monotonic)."""

    claim: Claimed
    leased_at: float
    latest_start: float


class Senders:
    """Makes attempts on threads; `on_news` is called when there are many results, or more work could be had.

    `threads` are as many as `worker_threads` says, or for as many as there can be connections open. One too many would
    fail, and count against its endpoint.
    """

    def __init__(self, context: Context, revisions: Revisions, on_news: Callable[[], None]) -> None:
        self._context = context
        self._revisions = revisions
        self._log = _log.bind()
        self._on_news = on_news
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._lapsed: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._lost: queue.SimpleQueue[Claimed] = queue.SimpleQueue()
        # What is under a rate limit goes first: it has to begin soon, or others would come too close behind it. The
        # crew's own queue holds but a word that there is a job, at times one too many.
        self._paced: deque[_Job] = deque()
        self._others: deque[_Job] = deque()
        self._in_flight: InFlight[_Job] = InFlight()
        self._failing = Failing()
        self._more = False
        wanted = context.settings.worker_threads
        most = descriptors.for_attempts(wanted * (1 + SPARE))
        self.threads = min(wanted, most)
        if self.threads < wanted:
            _log.warning("fewer attempts at once than wanted: too few files may be open", wanted=wanted, most=most)
        self._worth_a_turn = self.threads * _RESULTS_WORTH_A_TURN
        self._begun: dict[tuple[str, str], tuple[Claimed, float]] = {}  # attempts under way, and since when
        self._crew: Crew[None] = Crew(self.threads, self._work, spare=min(wanted * SPARE, most - self.threads))
        self._start_within = context.settings.begin_within
        self._paced_delay = 0.0

    def start(self) -> None:
        """Begin to work; the threads end with the process. Raise RuntimeError when there are too few to send at all."""
        self._context.door.start()
        self._crew.start()

    def send(self, claims: Sequence[Claimed], *, leased_at: float, more: bool) -> None:
        """Have attempts made for `claims`, whose leases count from `leased_at` on (monotonic).

        With `more` it is news when none of them is left to begin with. Without, results wait a little for others to be
        recorded with: a turn costs about the same for one as for ten, and what is published meanwhile finds the worker
        free.
        """
        self._more = more
        latest_start = leased_at + self._start_within
        self._failing.forget(leased_at - self._start_within)
        within = pace.BEGIN_WITHIN.total_seconds()
        soon = min(latest_start, leased_at + self._paced_delay + within)
        self._put([_Job(claim, leased_at, soon if claim.paced else latest_start) for claim in claims])
        foreseen = (clock.monotonic() - leased_at) * _FORESEEN
        self._paced_delay = min(self._start_within, max(0.0, foreseen - within / 2))

    def results(self) -> list[Result]:
        """Return the results that have come since this was last called."""
        found = drain(self._results)
        self._crew.suit(result.exchange.duration_ms for result in found)
        return found

    def lost(self) -> list[Claimed]:
        """Return the claims whose attempts came to nothing that can be recorded: only their leases bring them back."""
        return drain(self._lost)

    @property
    def paced_delay(self) -> timedelta:
        """How much later than usual claims under a rate limit will begin, because commits take long at the moment.

        Those that `send` is given next are to have spent that too: otherwise others would come too close behind them.
        When the commit takes yet longer they lapse, and the next ones are given the time: a slow disk does not have
        them lapse for ever.
        """
        return timedelta(seconds=self._paced_delay)

    @property
    def have_work_left(self) -> bool:
        """Whether there are claims that no thread has begun with."""
        return self._crew.has_jobs_left

    @property
    def waiting(self) -> int:
        """How many claims wait for others of their webhook to end, and need no thread until then."""
        return self._in_flight.waiting

    @property
    def reach(self) -> int:
        """How many claims it is worth to hold, begun with or not, besides those that are `waiting`."""
        return self._crew.reach

    def expect_more(self) -> None:
        """Let it be news when no claims are left to begin with: there may be more work then."""
        self._more = True

    def hurry(self) -> None:
        """Have more threads at work if those that are do not get on; to be called every few milliseconds."""
        self._crew.hurry(len(self.hanging()))

    def hanging(self) -> list[Claimed]:
        """Return the claims whose attempts have been under way for long."""
        since = clock.monotonic() - HANGING_AFTER.total_seconds()
        return [claim for claim, begun in self._begun.copy().values() if begun < since]

    def give_up(self, webhook_ids: Collection[str]) -> None:
        """Let the claims of webhooks that turned out to hang lapse, unless begun with: others are not to wait behind
        them. Those that were claimed as slow ones stay, which are few enough."""
        if not webhook_ids or not (self.have_work_left or self._in_flight.waiting):
            return
        kept = []
        for job in self._unbegun():
            if job.claim.webhook_id in webhook_ids and not job.claim.slow:
                self._lapsed.put(job)
            else:
                kept.append(job)
        self._put(kept)

    def resting(self) -> AbstractContextManager[None]:
        """Let no attempt begin while the block lasts."""
        return self._crew.resting()

    def take_back(self) -> list[tuple[Claimed, float]]:
        """Return the claims that no thread has begun with, and when their leases began."""
        return [(job.claim, job.leased_at) for job in self._unbegun()]

    def lapsed(self) -> list[tuple[Claimed, float]]:
        """Return the claims that are to be made anew, and when their leases began.

        They were given up, or taken ahead for a webhook that calls for a rest since, their webhook was changed, their
        lease is nearly over, or their turn under a rate limit. Of the last also those that no thread has come to: so
        there is always one in time for the next thread that is free.
        """
        return [(job.claim, job.leased_at) for job in [*drain(self._lapsed), *self._late()]]

    def _put(self, jobs: Sequence[_Job]) -> None:
        for job in jobs:
            (self._paced if job.claim.paced else self._others).append(job)
        self._crew.put([None] * len(jobs))

    def _late(self) -> Iterator[_Job]:
        now = clock.monotonic()
        with contextlib.suppress(IndexError):  # the threads take from it too
            while self._paced[0].latest_start < now:
                yield self._paced.popleft()

    def _next(self) -> _Job | None:
        """Take the next job; None when there is none any more."""
        for jobs in (self._paced, self._others):
            with contextlib.suppress(IndexError):
                return jobs.popleft()
        return None

    def _unbegun(self) -> list[_Job]:
        """Take out all jobs that no thread has begun with. Those that wait first: what ends puts them before others."""
        self._crew.take_back()
        return [*self._in_flight.take_back(), *iter(self._next, None)]

    def _begin(self) -> _Job | None:
        """Take the next job whose webhook's cap lets it begin; None when there is none."""
        for job in iter(self._next, None):
            if self._in_flight.begin(job.claim.webhook_id, job.claim.max_in_flight, job):
                return job
        return None

    def _end(self, job: _Job) -> None:
        """Let one that has waited for this job be next after those of other webhooks."""
        if waiting := self._in_flight.end(job.claim.webhook_id):
            (self._paced if waiting.claim.paced else self._others).append(waiting)
            self._crew.add(None)

    def _work(self, _: None) -> None:
        if job := self._begin():
            try:
                if self._is_stale(job):
                    self._lapsed.put(job)
                else:
                    self._make(job.claim)
            finally:
                self._end(job)
        if self._results.qsize() >= self._worth_a_turn or (self._more and not self._crew.has_jobs_left):
            self._on_news()

    def _is_stale(self, job: _Job) -> bool:
        """Whether its lease is nearly over, its webhook was changed, or calls for a rest since this was taken ahead."""
        if clock.monotonic() > job.latest_start or not self._revisions.fit(job.claim):
            return True
        return job.claim.ahead and self._failing.calls_for_rest(job.claim.webhook_id, since=job.leased_at)

    def _make(self, claim: Claimed) -> None:
        self._begun[claim.key] = claim, clock.monotonic()
        try:
            result = self._result(claim)
        except Exception as error:  # noqa: BLE001  # it must not tie up a place for ever
            self._log.error("a result is lost", delivery_id=claim.delivery_id, exc_info=error)
            self._lost.put(claim)
        else:
            self._results.put(result)
        finally:
            del self._begun[claim.key]

    def _result(self, claim: Claimed) -> Result:
        exchange = self._attempt(claim)
        try:
            return Result.of(claim, exchange)
        except Exception as error:  # noqa: BLE001  # a bug here must not end a thread
            self._log.error("a result could not be written down", delivery_id=claim.delivery_id, exc_info=error)
            return Result.without_answer(claim, exchange, type(error).__name__)

    def _attempt(self, claim: Claimed) -> Exchange:
        exchange = transport.attempt(self._context.door, claim.message, claim.destination)
        self._failing.count(claim.webhook_id, exchange)
        level = logging.DEBUG if exchange.outcome.kind == "succeeded" else logging.INFO
        if _stdlib_log.isEnabledFor(level):
            self._tell(level, claim, exchange)
        return exchange

    def _tell(self, level: int, claim: Claimed, exchange: Exchange) -> None:
        self._log.log(
            level,
            "attempt",
            delivery_id=claim.delivery_id,
            event_id=claim.message.event_id,
            webhook_id=claim.webhook_id,
            outcome=exchange.outcome.kind,
            status=exchange.response.status if exchange.response else None,
            ms=round(exchange.duration_ms, 1),
        )
