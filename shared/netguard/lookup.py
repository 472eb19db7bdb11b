"""Name resolution with a deadline: once per request, and every answer judged before any is used."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future

from shared import clock
from shared.netguard.allowed import AllowedTargets
from shared.netguard.hosts import literal_address
from shared.netguard.urls import refuse

_MAX_LOOKUPS = 256


class ResolutionFailed(Exception):
    """The name has no address, or none was found in time; the message says so without the resolver's detail."""


def resolve(host: str, port: int, allowed: AllowedTargets, timeout: float) -> list[str]:
    """Return the addresses of `host`, in the resolver's order, all of which may be connected to on `port`.

    `timeout` is in seconds. Raise TargetRefused if any answer is neither public nor allowed (a mixed answer is how
    rebinding starts), ResolutionFailed if there is none.
    """
    literal = literal_address(host)
    addresses = [literal] if literal else _lookups.find(host, timeout)
    if not addresses:
        raise ResolutionFailed(f"The name {host} has no address.")
    for address in addresses:
        refuse(host, address, port, allowed)
    return addresses


class _Lookups:
    """`getaddrinfo` has no deadline: each call runs in a thread of its own that nobody has to wait for.

    Askers of a name that is being looked up share that lookup, so that one dead name server costs one thread, and
    there are never more than `limit` threads.
    """

    def __init__(self, limit: int = _MAX_LOOKUPS) -> None:
        self._slots = threading.BoundedSemaphore(limit)
        self._lock = threading.Lock()
        self._running: dict[str, Future[list[str]]] = {}

    def find(self, host: str, timeout: float) -> list[str]:
        """Return the addresses of `host`; raise ResolutionFailed."""
        deadline = clock.monotonic() + timeout
        try:
            lookup = self._join(host, timeout)
            return lookup.result(timeout=max(0.0, deadline - clock.monotonic()))
        except TimeoutError:
            raise ResolutionFailed(f"The name {host} could not be resolved within {timeout:g} seconds.") from None
        except (OSError, UnicodeError):
            raise ResolutionFailed(f"The name {host} could not be resolved.") from None

    def _join(self, host: str, timeout: float) -> Future[list[str]]:
        with self._lock:
            if running := self._running.get(host):
                return running
        if not self._slots.acquire(timeout=timeout):
            raise TimeoutError
        with self._lock:
            if running := self._running.get(host):
                self._slots.release()
                return running
            lookup = self._running[host] = Future()
        try:
            threading.Thread(target=self._run, args=(host, lookup), name=f"resolve-{host}", daemon=True).start()
        except RuntimeError as error:  # the system has no thread left
            self._finish(host, lookup, OSError(str(error)))
        return lookup

    def _run(self, host: str, lookup: Future[list[str]]) -> None:
        try:
            answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            outcome: list[str] | Exception = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except Exception as error:  # noqa: BLE001  # whatever it is belongs to those who wait
            outcome = error
        self._finish(host, lookup, outcome)

    def _finish(self, host: str, lookup: Future[list[str]], outcome: list[str] | Exception) -> None:
        with self._lock:
            del self._running[host]
        self._slots.release()
        if isinstance(outcome, Exception):
            lookup.set_exception(outcome)
        else:
            lookup.set_result(outcome)


_lookups = _Lookups()
