"""One running attempt: how far it got, and the socket that its deadline cuts."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from enum import Enum, auto

from shared import clock
from shared.exchange import Limits

CUT = (ConnectionResetError, BrokenPipeError, ConnectionAbortedError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""What says that the other end ended the connection."""


class Phase(Enum):
    """What an attempt is busy with; it decides what an error means."""

    CONNECTING = auto()
    SECURING = auto()
    SENDING = auto()
    WAITING = auto()
    READING = auto()


class Attempt:
    """An attempt on its way, used by one thread, and by the watchdog that cuts it at its deadline."""

    __slots__ = ("_held", "_lock", "cut_in", "deadline", "fresh", "headers", "limits", "phase", "reused", "status")

    def __init__(self, limits: Limits, begun: float, lock: threading.Lock) -> None:
        self.limits = limits
        self.deadline = begun + limits.total
        self.phase = Phase.CONNECTING
        self.fresh = False  # whether only a new connection will do
        self.reused = False  # whether the connection has carried an answer before
        self.cut_in: Phase | None = None  # what it was busy with at its deadline
        self.status = 0
        self.headers: tuple[tuple[str, str], ...] = ()
        self._held: socket.socket | None = None
        self._lock = lock

    @property
    def expired(self) -> bool:
        """Whether it was cut because the deadline has passed."""
        return self.cut_in is not None

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed, also if nobody has cut it yet."""
        return clock.monotonic() >= self.deadline

    @property
    def may_be_stale(self) -> bool:
        """Whether no answer began on a kept connection, which the endpoint may have closed or spoilt long ago."""
        return self.reused and not self.status and self.phase in (Phase.SENDING, Phase.WAITING) and not self.expired

    def left(self) -> float:
        """Return the seconds until the deadline, never 0: to a socket that would mean not to wait at all."""
        return max(0.001, self.deadline - clock.monotonic())

    def hold(self, sock: socket.socket) -> None:
        """Have `sock` cut at the deadline, at once if that has passed; it must be let go of before it is closed."""
        with self._lock:
            self._held = sock
            if self.expired:
                self._shut(sock)

    def let_go(self) -> bool:
        """Stop holding the socket: it is not cut from now on. Return whether it never was."""
        with self._lock:
            self._held = None
            return not self.expired

    def cut(self) -> None:
        """End the attempt, which wakes a thread that reads or writes; only called with the lock taken."""
        self.cut_in = self.phase
        if self._held is not None:
            self._shut(self._held)

    @staticmethod
    def _shut(sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            # Not SSLSocket.shutdown: that takes away the TLS layer under a thread that is reading.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Running(threading.local):
    attempt: Attempt


running = _Running()
"""`running.attempt` is the attempt that the present thread makes: urllib3 has no way to hand it to a connection."""
