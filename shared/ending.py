"""What a process that serves does when its server wants to stop: it ends open streams, delayed answers, and soon."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

_LOOK_SECONDS = 0.1


def stop_after(is_alive: Callable[[], bool], stopped: threading.Event, stop: Callable[[], None]) -> None:
    """Have `stop` called soon after `is_alive` says no, or `stopped` is set: what waits would hold up the process."""

    def look() -> None:
        while is_alive() and not stopped.wait(_LOOK_SECONDS):
            pass
        stop()

    threading.Thread(target=look, name="watch-server", daemon=True).start()


def leave_garbage() -> None:
    """Have the process end without looking for garbage, which would be its last act: all its memory goes anyway.

    The look takes half a second of a core, and many times that on a busy machine, where gunicorn kills what has not
    ended in time.
    """
    gc.freeze()
