"""Connections that wait for their next request: few enough, not for long, and not once their endpoint has gone."""

from __future__ import annotations

import resource
import select
import threading
from collections import OrderedDict
from collections.abc import Hashable

from urllib3.connection import HTTPConnection

from shared import clock

MAX_IDLE = 30.0  # seconds; common servers and load balancers close an idle connection after 5 to 75
_MOST = 4_096


def most() -> int:
    """Return how many connections may wait: at most half of what this process may open, the rest is for work."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else min(_MOST, soft // 2)


class Idle:
    """Keeps at most `each` connections to one place and `most` in all; what is too many closes, the oldest first."""

    def __init__(self, each: int, most: int) -> None:
        self._each = each
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[HTTPConnection, tuple[Hashable, float]] = OrderedDict()  # and since when: oldest first
        self._places: dict[Hashable, list[HTTPConnection]] = {}

    def take(self, place: Hashable) -> HTTPConnection | None:
        """Return the connection to `place` that waited least, None when none is fit for another request."""
        while True:
            with self._lock:
                if place not in self._places:
                    return None
                connection = self._places[place][-1]
                since = self._remove(connection)
            # One that can be read from was closed, or holds what would be taken for the beginning of the next answer.
            if since >= clock.monotonic() - MAX_IDLE and connection.is_connected:
                return connection
            connection.close()

    def keep(self, place: Hashable, connection: HTTPConnection) -> None:
        """Have an open connection to `place` wait."""
        with self._lock:
            self._kept[connection] = place, clock.monotonic()
            waiting = self._places.setdefault(place, [])
            waiting.append(connection)
            if len(waiting) > self._each:
                surplus = waiting[0]
            elif len(self._kept) > self._most:
                surplus = next(iter(self._kept))
            else:
                return
            self._remove(surplus)
        surplus.close()

    def sweep(self) -> None:
        """Close those that waited for too long, and those that their endpoint has closed or sent something on."""
        with self._lock:
            oldest = clock.monotonic() - MAX_IDLE
            readable = self._readable()
            gone = [
                connection
                for connection, (_, since) in self._kept.items()
                if since < oldest or connection.sock.fileno() in readable
            ]
            for connection in gone:
                self._remove(connection)
        for connection in gone:
            connection.close()

    def close(self) -> bool:
        """Close all that wait; return whether there were any."""
        with self._lock:
            gone = list(self._kept)
            self._kept.clear()
            self._places.clear()
        for connection in gone:
            connection.close()
        return bool(gone)

    def _remove(self, connection: HTTPConnection) -> float:
        """Let a connection wait no longer, and return since when it did; only called with the lock taken."""
        place, since = self._kept.pop(connection)
        waiting = self._places[place]
        waiting.remove(connection)
        if not waiting:
            del self._places[place]
        return since

    def _readable(self) -> set[int]:
        poll = select.poll()
        for connection in self._kept:
            poll.register(connection.sock, select.POLLIN)
        return {number for number, _ in poll.poll(0)}
