"""The delivery loop: one thread does all the writing, many make attempts, and a crash leaves only leases behind."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine

from sender.clock_watch import ClockWatch
from sender.housekeeping import Housekeeping
from sender.revisions import Revisions
from sender.sending import Senders
from sender.services.context import CHANGES, Context
from sender.services.deliveries import (
    MOST_PAYLOAD,
    Capacity,
    Claim,
    Claimed,
    claim_due,
    give_back,
    is_due,
    next_due,
    release,
    release_held,
    rules_of,
)
from sender.under_way import UnderWay
from sender.unrecorded import Unrecorded
from shared import changes, clock
from shared.changes import ChangeWatcher
from shared.database import is_outage, writing_connection

_log = structlog.get_logger("sender.worker")

_LONGEST_WAIT = 5.0  # seconds: a safety net, should a wake-up ever be missed
_ERROR_PAUSE = 1.0  # seconds before the database is tried again
_HURRY_EVERY = 0.005  # seconds between two looks at whether the attempts under way get on
_RECORD_WITHIN = 0.02  # seconds that a result waits for others to be recorded with
_SWEEP_EVERY = 0.1  # seconds between two looks at what is held


class Worker:
    """Claims what is due, has it sent on as many threads as there may be, and records what came of it."""

    def __init__(self, engine: Engine, context: Context) -> None:
        self._engine = engine
        self._context = context
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._revisions = Revisions()
        self._senders = Senders(context, self._revisions, self._wake.set)
        self._threads = self._senders.threads
        self._under_way = UnderWay()
        self._unrecorded = Unrecorded(engine, rules_of(context.settings))
        self._unsent: list[tuple[Claimed, float]] = []  # claims to be given back, and when their leases began
        self._swept_at = float("-inf")
        self._next_sweep = 0.0  # seconds until a sweep that was due too early
        self._rest_ends_at: datetime | None = None
        self._clock = ClockWatch(engine, context.settings)

    def stop(self) -> None:
        """Ask the loop to end: no more claims, what is under way is finished first."""
        self._stopping.set()
        self._wake.set()

    def run(self, grace_seconds: float) -> None:
        """Deliver until stopped, then give attempts under way `grace_seconds` to end."""
        watcher = ChangeWatcher(self._engine, CHANGES, self._on_change)
        housekeeping = Housekeeping(self._engine, self._context)
        watcher.start()
        housekeeping.start()
        self._senders.start()
        _log.info("worker ready", threads=self._threads)
        deadline = float("-inf")
        try:
            while not self._stopping.is_set():
                self._turn()
            deadline = clock.monotonic() + grace_seconds
            self._finish(deadline)
        finally:
            housekeeping.stop(deadline)
            watcher.stop()
        _log.info("worker stopped")

    def _on_change(self) -> bool:
        """Wake the loop to claim more, when the threads have no work left: each commit of ours is a change too.

        Return whether it was woken. If not, its next turn, within some hundredths of a second, sees what was changed.
        """
        self._revisions.are_old = True
        if self._senders.have_work_left:
            self._senders.expect_more()
            if self._senders.have_work_left:  # still, and so they will tell when there is none
                return False
        self._wake.set()
        return True

    def _turn(self) -> None:
        """Record what has ended, claim what is due, or wait until there is either."""
        self._wake.clear()
        try:
            now = clock.now()
            self._clock.follow(now)
            were_old, self._revisions.are_old = self._revisions.are_old, False
            claim = self._record_and_claim(now)
            if were_old:
                self._revisions.look(self._engine, claim.revisions)
            self._sweep(now)
            self._wait(self._pause(now, claim))
        except Exception as error:  # noqa: BLE001  # whatever it is, what is owed to others goes on
            self._revisions.are_old = True
            self._unrecorded.survive(error)
            self._stopping.wait(_ERROR_PAUSE)

    def _wait(self, seconds: float) -> None:
        """Wait until something wakes the loop, and see to it meanwhile that attempts get on."""
        until = clock.monotonic() + seconds
        while (left := until - clock.monotonic()) > 0:
            busy = self._senders.have_work_left
            if self._wake.wait(min(left, _HURRY_EVERY) if busy else left):
                return
            self._senders.hurry()

    def _record_and_claim(self, now: datetime) -> Claim:
        """Do both in one transaction, so that many results and claims cost one write to the disk; send what is claimed.

        Claims begin when the transaction has what it waited for, and not at `now`: what that took would be missing in
        their leases.
        """
        self._gather()
        hanging = self._senders.hanging()
        self._senders.give_up({claim.webhook_id for claim in hanging})
        self._take_unsent(self._senders.lapsed())
        has_given_back = self._give_back_unsent()
        self._revisions.keep(self._under_way.claims())
        waiting = self._senders.waiting
        # What waits for others of its webhook takes no place from any: endpoints that fall from a millisecond to nearly
        # a second, and do not count as hanging, kept all others waiting for six seconds.
        free = self._senders.reach + waiting - len(self._under_way)
        if not self._unrecorded and not has_given_back and not (free > 0 and self._is_due(now)):
            return Claim([])
        settings = self._context.settings
        with writing_connection(self._engine) as connection, self._quiet():
            self._unrecorded.write(connection)
            leased_at = clock.monotonic()
            capacity = self._capacity(free, waiting, hanging)
            claim = claim_due(
                connection, self._context.vault, clock.now(), capacity, lease_seconds=settings.lease_seconds
            )
            self._revisions.learn(claim.revisions)
            if self._unrecorded or claim.taken:
                changes.announce(connection, CHANGES)
        self._unrecorded.forget()
        self._under_way.add(claim.taken)
        self._senders.send(claim.taken, leased_at=leased_at, more=claim.more)
        return claim

    def _capacity(self, free: int, waiting: int, hanging: Sequence[Claimed]) -> Capacity:
        return Capacity(
            free=free,
            slow=max(1, self._threads // 2) - self._under_way.slow(hanging),
            ahead=max(0, free - waiting - self._threads),  # the places of as many others stay free
            holding=self._under_way.claim_ids,
            space=MOST_PAYLOAD - self._under_way.payload_size,
            paced_delay=self._senders.paced_delay,
        )

    def _take_unsent(self, claims: Sequence[tuple[Claimed, float]]) -> None:
        self._under_way.remove(claim for claim, _ in claims)
        self._unsent += claims

    def _give_back_unsent(self) -> bool:
        """Give back what was not begun with, with what it spent of rate limits; return whether there was anything.

        In a transaction of its own: the webhooks of these claims are to be locked before all deliveries, and in one
        order with those of results.
        """
        if not self._unsent:
            return False
        with writing_connection(self._engine) as connection:
            ages = [(claim, timedelta(seconds=clock.monotonic() - since)) for claim, since in self._unsent]
            give_back(connection, ages, clock.now())
            changes.announce(connection, CHANGES)
        self._unsent.clear()
        return True

    def _quiet(self) -> contextlib.AbstractContextManager[None]:
        """Let no attempt begin during a transaction on SQLite: it works in this process, and senders would take the
        interpreter from it. From PostgreSQL they take nothing, and it may have to wait for another worker."""
        return self._senders.resting() if self._engine.dialect.name == "sqlite" else contextlib.nullcontext()

    def _gather(self) -> None:
        """Take over the results that have come; they are kept until the database has taken them."""
        results = self._senders.results()
        self._under_way.remove([*(result.claimed for result in results), *self._senders.lost()])
        self._unrecorded.add(results)

    def _is_due(self, now: datetime) -> bool:
        with self._engine.connect() as connection:
            return is_due(connection, now)

    def _sweep(self, now: datetime) -> None:
        """Release what is held and may go again; a rest that ends without work to do is noticed by the next claim."""
        self._next_sweep = max(0.0, self._swept_at + _SWEEP_EVERY - clock.monotonic())
        if self._next_sweep > 0:
            return
        self._swept_at = clock.monotonic()
        released, self._rest_ends_at = release_held(self._engine, now)
        if released:
            self._wake.set()

    def _pause(self, now: datetime, claim: Claim) -> float:
        """Return how many seconds there is nothing to do, unless something wakes the loop."""
        if claim.taken:
            return _RECORD_WITHIN
        with self._engine.connect() as connection:
            moments = (next_due(connection, now), claim.opens_at, self._rest_ends_at)
        first = min((moment for moment in moments if moment is not None), default=None)
        pause = _LONGEST_WAIT if first is None else (first - clock.now()).total_seconds()
        limits = [_LONGEST_WAIT, *([_RECORD_WITHIN] if self._under_way else []), *filter(None, [self._next_sweep])]
        return min(max(0.001, pause), *limits)

    def _finish(self, deadline: float) -> None:
        """Record attempts as they end until `deadline`, then give the rest back so that another makes them at once.

        A database that fails is asked again until then, and once after it; what it has not taken, leases bring back.
        """
        self._take_unsent(self._senders.take_back())
        while self._under_way and clock.monotonic() < deadline:
            self._wake.clear()
            pause = _RECORD_WITHIN if self._hand_over() else _ERROR_PAUSE
            if self._under_way:
                self._wake.wait(min(pause, max(0.0, deadline - clock.monotonic())))
        while not self._hand_over(self._under_way.claims()):
            left = deadline - clock.monotonic()
            if left <= 0:
                counts = {"results": len(self._unrecorded), "claims": len(self._unsent) + len(self._under_way)}
                _log.error("the database did not take all; leases bring back what is left", **counts)
                return
            self._wake.clear()
            self._wake.wait(min(_ERROR_PAUSE, left))

    def _hand_over(self, late: Sequence[Claimed] = ()) -> bool:
        """Record what has ended, give back what was not begun with and `late` ones; return False if any is left."""
        self._gather()
        self._take_unsent(self._senders.lapsed())
        for step in (self._unrecorded.record, self._give_back_unsent, lambda: self._release(late)):
            try:
                step()
            except Exception as error:  # noqa: BLE001  # one result that cannot be recorded must not lose the others
                self._unrecorded.survive(error)
                if is_outage(error):
                    break
        return not (self._unrecorded or self._unsent or (late and self._under_way))

    def _release(self, claims: Sequence[Claimed]) -> None:
        if claims:
            with writing_connection(self._engine) as connection:
                release(connection, claims, clock.now())
                changes.announce(connection, CHANGES)
            self._under_way.remove(claims)
