"""Connections that tell the running attempt what they do, and the adapter that opens and keeps them."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Any, cast

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.wait import wait_for_read

from shared import clock
from shared.http.answer import Answer
from shared.http.attempt import CUT, Phase, running
from shared.http.idle import Idle, most
from shared.http.wire import Wired

_Key = tuple[str, str, int, str]  # scheme, the address that was judged, port and the name in the URL


class _Told(HTTPConnection):
    """A connection that gives its socket to the running attempt from the moment there is one."""

    def connect(self) -> None:
        attempt = running.attempt
        attempt.phase = Phase.CONNECTING
        self.timeout = min(attempt.limits.connect, attempt.left())
        self._until = clock.monotonic() + self.timeout
        super().connect()

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        running.attempt.phase = Phase.SECURING
        # The handshake runs inside wrap_socket, out of the watchdog's reach, and as a whole obeys this timeout.
        sock.settimeout(max(0.001, self._until - clock.monotonic()))
        return sock

    def exchange(self, request: Wired) -> Answer:
        """Send `request`, all of it by one system call, and return the answer, its head read."""
        attempt = running.attempt
        if self.sock is None:
            self.connect()
        sock = self.sock
        attempt.hold(sock)
        attempt.phase = Phase.SENDING
        sock.settimeout(attempt.limits.read)
        was_taken = _send_all(sock, request.data)
        attempt.phase = Phase.WAITING
        answer = Answer(sock, request.method, closes=not was_taken)
        try:
            answer.read_head()
        except BaseException:
            answer.close()
            raise
        return answer


def _send_all(sock: socket.socket, data: bytes) -> bool:
    """Return whether `data` was sent; if not, an answer may have come before its end, such as a 413.

    Not by `sendall`, for all of which the socket's timeout counts: an endpoint that goes on taking is not silent.
    """
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[sock.send(rest) :]
    except CUT:
        return False
    except TimeoutError:
        if not wait_for_read(sock, timeout=0):
            raise
        return False
    return True


class _ToldSecure(_Told, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    """Opens connections; `Idle` keeps them, because here none would be closed before the next request comes for it."""

    ConnectionCls = _Told

    def open(self) -> _Told:
        """Return a connection that is going to be opened."""
        return cast("_Told", self._new_conn())


class _SecurePool(_Pool, HTTPSConnectionPool):
    """The same over TLS."""

    ConnectionCls = _ToldSecure


class Adapter(HTTPAdapter):
    """Connects to the judged address of a request while TLS still asks for, and checks, the name in its URL.

    `connections` is how many idle ones are kept for each target. `ca_file` (PEM) is trusted besides the public
    authorities.
    """

    def __init__(self, connections: int, ca_file: str | None) -> None:
        self.idle = Idle(connections, most())
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        super().__init__(pool_connections=256, pool_maxsize=1, max_retries=0)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def close(self) -> None:
        """Close idle connections."""
        self.idle.close()
        super().close()

    def fetch(self, request: Wired, address: str) -> Answer:
        """Send a request to a judged address, and return the answer: only its head was read, and it has to be finished.

        What urllib3 and `requests` do around an exchange (retries, redirects, cookies, proxies, encodings) is not
        wanted here, and took a third of the time of an attempt.
        """
        attempt, place = running.attempt, request.place
        key = (place.scheme, address, place.port, place.server_name)
        kept = None if attempt.fresh else cast("_Told | None", self.idle.take(key))
        attempt.reused = kept is not None
        connection = kept or self._pool(key).open()

        def give_back(usable: bool) -> None:
            # Let go of before it is closed: a descriptor's number could otherwise have come to mean another connection
            # when the watchdog uses it.
            if attempt.let_go() and usable:
                self.idle.keep(key, connection)
            else:
                connection.close()

        try:
            answer = connection.exchange(request)
        except BaseException:
            give_back(False)
            raise
        answer.give_back = give_back
        return answer

    def _pool(self, key: _Key) -> _Pool:
        """Return what opens connections to such a place."""
        scheme, address, port, server_name = key
        context = {**self.poolmanager.connection_pool_kw, "scheme": scheme, "host": address, "port": port}
        if scheme == "https":
            context |= {"ssl_context": self._trust(), "server_hostname": server_name}
        return cast("_Pool", self.poolmanager.connection_from_pool_key(cast("Any", key), context))

    def _trust(self) -> ssl.SSLContext:
        """Return the one TLS context; loading the authorities for each connection would take longer than it."""
        with self._lock:
            if self._context is None:
                self._context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
                if self._ca_file:
                    self._context.load_verify_locations(self._ca_file)
            return self._context
