"""What the verbs need besides the database session: settings, intake, bus, door."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import current_app
from sqlalchemy import Engine

from receiver.services.intake import Intake
from receiver.services.live import LiveBus
from receiver.settings import ReceiverSettings
from shared.ending import stop_after
from shared.exchange import Limits
from shared.http import Door


@dataclass(frozen=True, slots=True)
class Context:
    """The tools of one process; made once by `create_app`."""

    settings: ReceiverSettings
    intake: Intake
    live: LiveBus
    door: Door
    stopping: threading.Event = field(default_factory=threading.Event)

    def stop_after(self, is_alive: Callable[[], bool]) -> None:
        """End all that waits (streams, delayed answers) soon after `is_alive` says no."""
        stop_after(is_alive, self.stopping, self.stop)

    def stop(self) -> None:
        """End all that waits."""
        self.stopping.set()
        self.live.stop()

    def close(self) -> None:
        """End all that waits, and store what was captured."""
        self.stop()
        self.intake.close()
        self.door.close()


def open_context(settings: ReceiverSettings, engine: Engine) -> Context:
    """Return the tools that `settings` describe."""
    door = Door(settings.allowed_targets, Limits())
    return Context(settings, Intake(engine), LiveBus(engine, settings.streams), door)


def current() -> Context:
    """Return the context of the application that handles the present request."""
    context: Context = current_app.extensions["hookloop_receiver"]
    return context
