"""Connections that tell the running attempt what they do, the pools that keep them, and the adapter over both."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Any, cast

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from shared import clock
from shared.http.answer import Answer
from shared.http.attempt import Phase, running
from shared.http.wire import Wired

MAX_IDLE = 30.0  # seconds; common servers and load balancers close an idle connection after 5 to 75


class _Told(HTTPConnection):
    """A connection that gives its socket to the running attempt from the moment there is one."""

    idle_since = 0.0
    _method = ""

    def connect(self) -> None:
        attempt = running.attempt
        attempt.phase = Phase.CONNECTING
        self._until = clock.monotonic() + min(attempt.limits.connect, attempt.left())
        super().connect()
        attempt.hold(self.sock)

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        running.attempt.phase = Phase.SECURING
        # The handshake runs inside wrap_socket, out of the watchdog's reach, and as a whole obeys this timeout.
        sock.settimeout(max(0.001, self._until - clock.monotonic()))
        return sock

    def request(self, method: str, _target: str, body: Any = None, *_: Any, **_options: Any) -> None:  # type: ignore[override]
        """Send `body`, which holds the whole request, by one system call, and a small one in one packet."""
        attempt = running.attempt
        self._method = method
        if self.sock is None:
            self.connect()
        else:
            attempt.hold(self.sock)
        attempt.phase = Phase.SENDING
        self.sock.settimeout(attempt.limits.read)
        self.sock.sendall(body)

    def getresponse(self) -> Any:
        """Return the answer, its head read."""
        running.attempt.phase = Phase.WAITING
        answer = Answer(self.sock, method=self._method)
        try:
            answer.begin()
        except BaseException:
            answer.close()
            raise
        return answer


class _ToldSecure(_Told, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    """Keeps idle connections for a while, and takes them back only when no deadline can cut them any more."""

    ConnectionCls = _Told  # type: ignore[assignment]  # its answers are no urllib3 responses

    def _get_conn(self, timeout: float | None = None) -> Any:
        attempt, connection = running.attempt, cast("_Told", super()._get_conn(timeout))
        if connection.sock is not None and (attempt.fresh or clock.monotonic() - connection.idle_since > MAX_IDLE):
            connection.close()
        attempt.reused = connection.sock is not None
        return connection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            if not running.attempt.let_go():
                conn.close()
            conn.idle_since = clock.monotonic()
        super()._put_conn(conn)


class _SecurePool(_Pool, HTTPSConnectionPool):
    """The same over TLS."""

    ConnectionCls = _ToldSecure  # type: ignore[assignment]


class Adapter(HTTPAdapter):
    """Connects to the judged address of a request while TLS still asks for, and checks, the name in its URL.

    `ca_file` (PEM) is trusted besides the public authorities.
    """

    def __init__(self, connections: int, ca_file: str | None) -> None:
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        super().__init__(pool_connections=256, pool_maxsize=connections, max_retries=0)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def get_connection_with_tls_context(self, request: Any, *_: Any, **_options: Any) -> Any:
        """Return the pool of connections to the address that was judged."""
        wired: Wired = request
        place, options = wired.place, None
        if place.scheme == "https":
            options = {"ssl_context": self._trust(), "server_hostname": place.server_name}
        return self.poolmanager.connection_from_host(wired.address, place.port, place.scheme, pool_kwargs=options)

    def cert_verify(self, *_: Any) -> None:
        """Do nothing: what is trusted is in the pool's TLS context."""

    def request_url(self, request: Any, *_: Any) -> str:
        """Return the request target."""
        wired: Wired = request
        return wired.place.target

    def build_response(self, _request: Any, resp: Any) -> Any:
        """Return the answer itself: what `requests` makes of it (cookies, encodings) nobody looks at."""
        return resp

    def fetch(self, request: Wired, timeout: tuple[float, float]) -> Answer:
        """Send a request and return its answer, of which only the head has been read."""
        return cast("Answer", self.send(request, stream=True, timeout=timeout))

    def _trust(self) -> ssl.SSLContext:
        """Return the one TLS context; loading the authorities for each connection would take longer than it."""
        with self._lock:
            if self._context is None:
                self._context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
                if self._ca_file:
                    self._context.load_verify_locations(self._ca_file)
            return self._context
