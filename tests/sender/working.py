"""A worker that runs in the test's own process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Engine

from sender.services.context import Context
from sender.worker import Worker


@contextmanager
def working(engine: Engine, context: Context, *, grace: float = 5, **changes: Any) -> Iterator[Worker]:
    """Run a worker with its settings changed, and stop it afterwards, giving attempts under way `grace` seconds."""
    settings = context.settings.model_copy(update=changes)
    worker = Worker(engine, replace(context, settings=settings))
    thread = threading.Thread(target=worker.run, args=(grace,))
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join()
