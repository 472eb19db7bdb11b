"""What a worker does about a clock that was set back, or was wrong before it ran."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine

from sender.services import clock_steps
from sender.services.context import CHANGES
from sender.settings import SenderSettings
from shared import changes, clock
from shared.database import writing_connection

_log = structlog.get_logger("sender.worker")

_STEP = 1.0  # seconds that the clock has to go back to count as set; it is slewed by less
_BOUND_EVERY = 60.0  # seconds between two looks for moments that only a wrong clock can have written


class ClockWatch:
    """Compares the clock with one that is never set."""

    def __init__(self, engine: Engine, settings: SenderSettings) -> None:
        self._engine = engine
        self._settings = settings
        self._seen_at = (clock.now(), clock.monotonic())
        self._bound_at = float("-inf")

    def follow(self, now: datetime) -> None:
        """Notice when the clock was set back, and have nothing wait for the old one; look for what does anyway."""
        moment = clock.monotonic()
        was = self._seen_at[0] + timedelta(seconds=moment - self._seen_at[1])
        back = (was - now).total_seconds()
        if back > _STEP or moment >= self._bound_at + _BOUND_EVERY:
            with writing_connection(self._engine) as connection:
                if back > _STEP:
                    _log.warning("the clock was set back", seconds=round(back))
                    clock_steps.shift(connection, was, now)
                if clock_steps.bound(connection, now, self._settings) or back > _STEP:
                    changes.announce(connection, CHANGES)
            self._bound_at = moment
        self._seen_at = now, moment
