"""Takes captures in: knows which bins there are, and stores what arrives at them."""

from __future__ import annotations

from concurrent.futures import TimeoutError as NotDone
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.exc import InterfaceError, OperationalError

from receiver.core import slugs
from receiver.core.capture import Captured
from receiver.models import Bin
from receiver.services.batch import Arrived, Stored
from receiver.services.writer import CaptureWriter
from shared.errors import Busy, NotFound

_PATIENCE_SECONDS = 60  # over the time that SQLite waits for its lock


class Intake:
    """The way into the bins, for all threads of a process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = CaptureWriter(engine)
        self._seen: set[str] = set()

    def knows(self, slug: str) -> bool:
        """Return whether there is such a bin; raise Busy when the database cannot tell.

        A bin seen once is not looked up again: whether it is still there, the writing transaction decides.
        """
        if slug in self._seen:
            return True
        if slugs.fault(slug):  # no bin can have it, and a NUL in it no database would look up
            return False
        try:
            with self._engine.connect() as connection:
                found = connection.scalar(select(Bin.id).where(Bin.slug == slug)) is not None
        except (OperationalError, InterfaceError):
            raise Busy("The database cannot be reached.") from None
        if found:
            self._seen.add(slug)
        return found

    def store(self, slug: str, captured: Captured, received_at: datetime) -> Stored:
        """Return what became of a capture, once it is committed; raise NotFound, Busy, or what kept it from that."""
        try:
            return self._writer.submit(Arrived(slug, captured, received_at)).result(_PATIENCE_SECONDS)
        except NotFound:
            self._seen.discard(slug)
            raise
        except NotDone:
            raise Busy("The database takes too long.") from None

    def close(self) -> None:
        """Store what waits, and refuse what comes after."""
        self._writer.close()
