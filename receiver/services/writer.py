"""The writer thread: commits whatever captures wait, all at once, and then tells each request that it is stored.

A commit costs a flush to the disk, 0.1 to 10 ms, however much it holds. While one is under way the next captures
gather, so that the load sets the size of the batches and a lone capture waits for nobody.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from receiver.services import batch
from receiver.services.batch import Arrived, Stored
from shared.database import writing_connection
from shared.errors import Busy, NotFound

_MOST_ROWS = 256
_MOST_BYTES = 16 * 1024 * 1024

_log = structlog.get_logger(__name__)

_Waiting = tuple[Arrived, "Future[Stored]"]


class CaptureWriter:
    """Stores captures for all threads of a process; its own thread starts with the first one (after any fork)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, arrived: Arrived) -> Future[Stored]:
        """Return a future that holds the result once `arrived` is committed.

        It raises NotFound when the bin is gone, Busy when the database cannot take it now, or what else kept the
        capture from being stored; then nothing of it was stored.
        """
        future: Future[Stored] = Future()
        with self._lock:
            if self._closed:
                raise Busy("The receiver is stopping.")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="capture-writer", daemon=True)
                self._thread.start()
            self._queue.put((arrived, future))
        return future

    def close(self) -> None:
        """Store all that was submitted, then end the thread; further captures are refused."""
        with self._lock:
            self._closed = True
            thread = self._thread
            self._queue.put(None)
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            waiting, goes_on = self._gather()
            if waiting:
                self._store(waiting)
            if not goes_on:
                return

    def _gather(self) -> tuple[list[_Waiting], bool]:
        """Wait for a capture; return it with all others that wait, and whether more can come."""
        waiting: list[_Waiting] = []
        size = 0
        item = self._queue.get()
        while item is not None:
            waiting.append(item)
            size += item[0].captured.body_size
            if len(waiting) == _MOST_ROWS or size >= _MOST_BYTES:
                return waiting, True
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return waiting, True
        return waiting, False

    def _store(self, waiting: Sequence[_Waiting]) -> None:
        try:
            with writing_connection(self._engine) as connection:
                results = batch.store(connection, [arrived for arrived, _ in waiting])
        except (OperationalError, InterfaceError) as error:
            _log.error("captures not stored", count=len(waiting), error=str(error.orig))
            for _, future in waiting:
                future.set_exception(Busy("The database cannot store this now; send it again."))
        except Exception as error:  # noqa: BLE001  # whatever it is, those who wait must hear of it
            self._store_singly(waiting, error)
        else:
            for (_, future), stored in zip(waiting, results, strict=True):
                if stored is None:
                    future.set_exception(NotFound("There is no such bin."))
                else:
                    future.set_result(stored)

    def _store_singly(self, waiting: Sequence[_Waiting], error: Exception) -> None:
        """Store each on its own, so that one that cannot be stored does not take the others with it."""
        if len(waiting) > 1:
            for one in waiting:
                self._store([one])
            return
        (arrived, future) = waiting[0]
        _log.error("capture not stored", bin=arrived.slug, error=type(error).__name__, exc_info=error)
        future.set_exception(error)
