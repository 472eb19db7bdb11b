"""How many files a process may have open at once: connections are such files, and what it holds itself are others."""

from __future__ import annotations

import contextlib
import resource
import sys

_OWN = 64  # of a process: logs, listeners, what wakes its threads, libraries that are yet to be loaded
_OWN_OF_A_WORKER = 32
_OF_A_THREAD = 4  # a connection to SQLite has three, and a turn at writing is one more


def allow(wanted: int) -> int:
    """Let this process have `wanted` files open, as far as it may say so itself; return how many it may have."""
    soft, hard = (sys.maxsize if limit == resource.RLIM_INFINITY else limit for limit in _limits())
    if soft >= min(wanted, hard):
        return soft
    with contextlib.suppress(OSError, ValueError):  # some systems have a limit of their own below the hard one
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), _limits()[1]))
        return min(wanted, hard)
    return soft


def for_connections(wanted: int, threads: int) -> int:
    """Return how many connections a web process of so many `threads` may hold: `wanted`, or for as many as it has room.

    gunicorn ends a process, and all that it has under way, when a connection that it takes cannot be opened.
    """
    own = _OWN + _OF_A_THREAD * threads
    most = allow(own + wanted)
    return max(1, most // 8, min(wanted, most - own))


def for_attempts(wanted: int) -> int:
    """Return how many attempts a worker may have under way at once: `wanted`, or for as many as it has room.

    Half of what may be open is for idle connections, and a quarter for look-ups of names.
    """
    return max(1, min(wanted, (allow(4 * wanted + _OWN_OF_A_WORKER) - _OWN_OF_A_WORKER) // 4))


def _limits() -> tuple[int, int]:
    return resource.getrlimit(resource.RLIMIT_NOFILE)
