"""What a process that serves is to end by itself when its server wants to stop: open streams, delayed answers."""

from __future__ import annotations

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
