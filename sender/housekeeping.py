"""What a worker does beside delivering: a sign of life, replays, retention and the rest of what webhooks that are off
were owed on one thread, mails on another."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from sender import mailer
from sender.services import replays, retention, workers
from sender.services.context import Context
from sender.services.deliveries import Settling
from shared import clock, ids
from shared.database import is_outage, persist

_log = structlog.get_logger("sender.worker")

_BEAT_SECONDS = 10.0
_PRUNE_SECONDS = 60.0  # between two looks for what is old
_PRUNE_SHARE = 0.1  # of the time at most is spent on that: deliveries are recorded meanwhile
_SETTLE_SECONDS = 5.0  # between two looks for what webhooks that are off are still owed
_SETTLE_SHARE = 0.5
_LONGEST_WAIT = 1.0  # seconds between two looks at what is due


class Housekeeping:
    """Runs until stopped."""

    def __init__(self, engine: Engine, context: Context) -> None:
        self._engine = engine
        self._settings = context.settings
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._repeat, args=(self._keep_house,), name="housekeeping", daemon=True)
        self._mails = threading.Thread(target=self._repeat, args=(self._mail,), name="mails", daemon=True)
        self._id = ids.new("wrk", clock.now())
        self._beat_at = float("-inf")
        self._prune_at = float("-inf")
        self._settling = Settling(engine)
        self._settle_at = float("-inf")

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        if self._settings.mails:
            self._mails.start()

    def stop(self, deadline: float) -> None:
        """End the work and take back the sign of life; a database that fails is asked again until `deadline`.

        A mail under way is not waited for, because its server may hang: its lease brings it back.
        """
        self._stopped.set()
        self._thread.join()
        try:
            persist(lambda: workers.take_sign_back(self._engine, self._id), deadline)
        except SQLAlchemyError as error:
            _log.error("the sign of life could not be taken back; it grows old", error=type(error).__name__)

    def _repeat(self, work: Callable[[], float]) -> None:
        """Do some work again and again, whatever becomes of it, after as many seconds as it says."""
        while not self._stopped.is_set():
            pause = _LONGEST_WAIT
            try:
                pause = min(pause, work())
            except SQLAlchemyError as error:
                _log.error("housekeeping failed; trying again", error=type(error).__name__)
            except Exception:  # noqa: BLE001  # a mail that cannot be written must not end all others
                _log.exception("housekeeping failed; trying again")
            self._stopped.wait(pause)

    def _keep_house(self) -> float:
        return min(self._try(chore) for chore in (self._beat, self._replay, self._prune, self._settle))

    def _try(self, chore: Callable[[], float]) -> float:
        """Do one chore; what is no outage is its own fault, and must not keep the next ones from being done."""
        try:
            return chore()
        except Exception as error:
            if is_outage(error):
                raise
            _log.exception("a chore failed; trying again", chore=chore.__name__.strip("_"))
            return _LONGEST_WAIT

    def _mail(self) -> float:
        mailer.send_due(self._engine, self._settings)
        return _LONGEST_WAIT

    def _replay(self) -> float:
        """Make the next deliveries of running replays; return the seconds until the next step."""
        now = clock.now()
        due = replays.step(self._engine, now)
        return _LONGEST_WAIT if due is None else max(0.0, (due - now).total_seconds())

    def _prune(self) -> float:
        """Delete some of what is old; return the seconds until there is more of it."""
        span = self._settings.retention_span
        if span is None or clock.monotonic() < self._prune_at:
            return _LONGEST_WAIT
        begun = clock.monotonic()
        more = retention.prune(self._engine, clock.now() - span)
        self._prune_at = _next_at(begun, _PRUNE_SHARE if more else None, _PRUNE_SECONDS)
        return self._prune_at - clock.monotonic()

    def _settle(self) -> float:
        """Put aside or cancel some of what webhooks that are off are owed; return the seconds until there is more."""
        if clock.monotonic() < self._settle_at:
            return _LONGEST_WAIT
        begun = clock.monotonic()
        more = self._settling.step(clock.now())
        self._settle_at = _next_at(begun, _SETTLE_SHARE if more else None, _SETTLE_SECONDS)
        return self._settle_at - clock.monotonic()

    def _beat(self) -> float:
        """Say that this worker lives, so that a page can tell when none does."""
        if clock.monotonic() - self._beat_at >= _BEAT_SECONDS:
            workers.give_sign(self._engine, self._id, f"{socket.gethostname()}:{os.getpid()}", clock.now())
            self._beat_at = clock.monotonic()
        return _LONGEST_WAIT


def _next_at(begun: float, share: float | None, rest: float) -> float:
    """Return when to go on, for `share` of the time to be spent on it; None: not before `rest` is over."""
    now = clock.monotonic()
    return now + (rest if share is None else (now - begun) * (1 / share - 1))
