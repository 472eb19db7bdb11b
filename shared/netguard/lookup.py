"""Name resolution with a deadline: once per request, and every answer judged before any is used."""

from __future__ import annotations

import resource
import socket
import threading
from concurrent.futures import Future, wait

from shared import clock
from shared.netguard.allowed import AllowedTargets
from shared.netguard.hosts import literal_address
from shared.netguard.urls import refuse

_MOST = 1024  # lookups that run at once; each takes a thread, 35 kB and a descriptor
_REMEMBERED = 10_000  # names that hung


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


def _most() -> int:
    """Return how many lookups may run at once: with a quarter of the descriptors that this process may open at most."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else min(_MOST, soft // 4)


class _Lookups:
    """`getaddrinfo` has no deadline: each call runs in a thread of its own that nobody has to wait for.

    Askers of a name that is being looked up share that lookup, so that one dead name server costs one thread for each
    of its names. There are never more than `most` threads, and half of them at most look up names that hung when they
    were last asked for, so that however many do, others are found.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._changed = threading.Condition()
        self._running: dict[str, Future[list[str]]] = {}
        self._hung: set[str] = set()

    def find(self, host: str, timeout: float) -> list[str]:
        """Return the addresses of `host`; raise ResolutionFailed."""
        deadline = clock.monotonic() + timeout
        try:
            lookup = self._join(host, timeout)
            self._note(host, lookup, deadline)
            error = lookup.exception(timeout=0)  # not raised: it would hold our callers, and they it, until collected
        except TimeoutError:
            raise ResolutionFailed(f"The name {host} could not be resolved within {timeout:g} seconds.") from None
        if isinstance(error, (OSError, UnicodeError)):
            raise ResolutionFailed(f"The name {host} could not be resolved.")
        return lookup.result(timeout=0)

    def _note(self, host: str, lookup: Future[list[str]], deadline: float) -> None:
        """Wait for a lookup until `deadline`, and remember whether it hung."""
        ended, _ = wait([lookup], timeout=max(0.0, deadline - clock.monotonic()))
        with self._changed:
            if ended:
                self._hung.discard(host)
                return
            self._hung.add(host)
            if len(self._hung) > _REMEMBERED:
                self._hung.pop()

    def _join(self, host: str, timeout: float) -> Future[list[str]]:
        """Return the lookup of a name that runs or begins; raise TimeoutError when there is no place for it in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: host in self._running or self._has_place(host), timeout):
                raise TimeoutError
            if running := self._running.get(host):
                return running
            lookup = self._running[host] = Future()
        try:
            threading.Thread(target=self._run, args=(host, lookup), name=f"resolve-{host}", daemon=True).start()
        except RuntimeError:  # the system has no thread left: late is better than not at all
            self._run(host, lookup)
        return lookup

    def _has_place(self, host: str) -> bool:
        """Return whether one more lookup may run; only called with the lock taken."""
        if len(self._running) >= self._most:
            return False
        return host not in self._hung or len(self._hung & self._running.keys()) < max(1, self._most // 2)

    def _run(self, host: str, lookup: Future[list[str]]) -> None:
        try:
            answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            outcome: list[str] | Exception = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except Exception as error:  # noqa: BLE001  # whatever it is belongs to those who wait
            outcome = error.with_traceback(None)  # which would hold this frame, and the frame it
        self._finish(host, lookup, outcome)

    def _finish(self, host: str, lookup: Future[list[str]], outcome: list[str] | Exception) -> None:
        with self._changed:
            del self._running[host]
            self._changed.notify_all()
        if isinstance(outcome, Exception):
            lookup.set_exception(outcome)
        else:
            lookup.set_result(outcome)


_lookups = _Lookups(_most())
