"""The one door to the network, and the only user of `requests`: judged addresses, deadlines, capped answers."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
import structlog
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import ConnectTimeoutError
from urllib3.util import SKIP_HEADER

from shared import clock
from shared.exchange import Exchange, Limits, Request, Response
from shared.netguard import AllowedTargets, ResolutionFailed, TargetRefused, resolve, split_url
from shared.outcome import Outcome, OutcomeKind

_log = structlog.get_logger(__name__)

_CHUNK = 16_384


class _Refused(Exception):
    """An attempt that ended without an answer, already classified."""

    def __init__(self, kind: OutcomeKind, detail: str) -> None:
        super().__init__(detail)
        self.outcome = Outcome(kind, detail)


class _Fields(CaseInsensitiveDict[str]):
    """Header fields as urllib3 writes them: every pair in its order and case, repeated names included."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self._pairs = tuple(pairs)

    def items(self) -> Any:
        """Return all pairs, where a dictionary would keep the last of a name."""
        return self._pairs

    def copy(self) -> _Fields:
        """Return the same fields; urllib3 sends a copy."""
        return _Fields(self._pairs)


class _Pinned(HTTPAdapter):
    """Connects to the judged address of a request while TLS still checks the name that was asked for."""

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Return the pool's key with the pinned address as its host, the name kept for SNI and the certificate."""
        host: dict[str, Any]
        pool: dict[str, Any]
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)  # type: ignore[assignment]
        if host["scheme"] == "https":
            pool["server_hostname"] = pool["assert_hostname"] = host["host"]
        host["host"] = request.pinned_address
        return host, pool


class Door:
    """Sends requests to public or allowed targets; any number of threads may use it at once."""

    def __init__(self, allowed: AllowedTargets, limits: Limits, *, connections: int = 64) -> None:
        self._allowed = allowed
        self._limits = limits
        self._adapter = _Pinned(pool_connections=256, pool_maxsize=connections, max_retries=0)

    def send(self, request: Request) -> Exchange:
        """Make one attempt; whatever fails is an outcome, never an exception."""
        started_at, begun = clock.now(), clock.monotonic()
        response: Response | None = None
        sent = Request(request.method, request.url, request.headers, request.body)
        try:
            prepared = _prepare(request)
            fields = tuple(pair for pair in prepared.headers.items() if pair[1] != SKIP_HEADER)
            sent = Request(request.method, request.url, fields, request.body)
            response = self._exchange(prepared, begun + self._limits.total)
            outcome = _judge(response)
        except _Refused as refused:
            outcome = refused.outcome
        except Exception as error:  # noqa: BLE001  # a bug here must not stop a worker
            _log.exception("an attempt failed inside", error=type(error).__name__)
            outcome = Outcome("internal", f"The attempt failed inside Hookloop ({type(error).__name__}).")
        return Exchange(sent, response, outcome, started_at, (clock.monotonic() - begun) * 1000)

    def close(self) -> None:
        """Close idle connections."""
        self._adapter.close()

    def _exchange(self, prepared: requests.PreparedRequest, deadline: float) -> Response:
        addresses = self._resolve(prepared, deadline)
        for number, address in enumerate(addresses, 1):
            try:
                return self._send_to(address, prepared, deadline)
            except _Refused as refused:
                is_last = number == len(addresses) or clock.monotonic() >= deadline
                if is_last or refused.outcome.kind != "refused":
                    raise
        raise _Refused("dns", "The name has no address.")

    def _resolve(self, prepared: requests.PreparedRequest, deadline: float) -> list[str]:
        try:
            target = split_url(prepared.url or "")
            wait = min(self._limits.connect, deadline - clock.monotonic())
            return resolve(target.host, target.port, self._allowed, wait)
        except TargetRefused as error:
            raise _Refused("blocked", str(error)) from None
        except ResolutionFailed as error:
            raise _Refused("dns", str(error)) from None

    def _send_to(self, address: str, prepared: requests.PreparedRequest, deadline: float) -> Response:
        prepared.pinned_address = address  # type: ignore[attr-defined]
        left = max(0.05, deadline - clock.monotonic())
        timeout = (min(self._limits.connect, left), min(self._limits.read, left))
        watchdog = _Watchdog(deadline)
        try:
            answer = self._adapter.send(prepared, stream=True, timeout=timeout, verify=True, proxies={})
            watchdog.watch(answer)
            try:
                return self._read(answer, deadline)
            finally:
                answer.close()
        except Exception as error:  # noqa: BLE001  # classified or raised again below
            if watchdog.fired or clock.monotonic() >= deadline:
                raise _Refused("timeout", f"No complete answer within {self._limits.total:g} seconds.") from None
            raise _classify(error, self._limits) from None
        finally:
            watchdog.cancel()

    def _read(self, answer: requests.Response, deadline: float) -> Response:
        body = bytearray()
        limit = self._limits.response_bytes
        while len(body) <= limit:
            if clock.monotonic() >= deadline:
                raise _Refused("timeout", f"No complete answer within {self._limits.total:g} seconds.")
            chunk = answer.raw.read1(_CHUNK, decode_content=True)
            if not chunk:
                break
            body += chunk
        truncated = len(body) > limit
        if not truncated:
            answer.raw.release_conn()
        headers = tuple((name, value) for name, value in answer.raw.headers.items())
        return Response(answer.status_code, headers, bytes(body[:limit]), truncated)


class _Watchdog:
    """Cuts an answer's socket at the deadline, so that one byte a second cannot hold a thread."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._timer: threading.Timer | None = None
        self.fired = False

    def watch(self, answer: requests.Response) -> None:
        """Begin to watch the socket that `answer` is read from."""
        connection = getattr(answer.raw, "_connection", None)
        sock: socket.socket | None = getattr(connection, "sock", None)
        if sock is None:
            return

        def cut() -> None:
            self.fired = True
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

        self._timer = threading.Timer(max(0.0, self._deadline - clock.monotonic()), cut)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()


def _prepare(request: Request) -> requests.PreparedRequest:
    prepared = requests.PreparedRequest()
    try:
        prepared.prepare(method=request.method, url=request.url, headers={}, data=request.body)
    except (requests.RequestException, ValueError) as error:
        raise _Refused("blocked", f"The request can't be made: {error}") from None
    prepared.method = request.method  # as it is: `prepare` writes it in capitals
    given = {name.lower() for name, _ in request.headers}
    own = [("Host", urlsplit(prepared.url or "").netloc.rpartition("@")[2])]
    if "accept-encoding" not in given:
        own.append(("Accept-Encoding", "identity"))
    if "user-agent" not in given:
        own.append(("User-Agent", SKIP_HEADER))  # else urllib3 adds its own
    length = prepared.headers.get("Content-Length", "0")
    prepared.headers = _Fields([*own, *request.headers, ("Content-Length", length)])
    return prepared


def _judge(response: Response) -> Outcome:
    status = response.status
    if 200 <= status < 300:
        return Outcome("succeeded", f"The endpoint answered {status}.")
    if 300 <= status < 400:
        location = next((value for name, value in response.headers if name.lower() == "location"), "")
        where = f" to {location[:200]}" if location else ""
        return Outcome("http_status", f"The endpoint answered {status}{where}; redirects are not followed.")
    return Outcome("http_status", f"The endpoint answered {status}.")


def _classify(error: BaseException, limits: Limits) -> _Refused:
    if isinstance(error, _Refused):
        return error
    chain = _chain(error)
    refused = urllib3.exceptions.NewConnectionError  # counts itself among the timeouts, which it is not
    if any(isinstance(link, ConnectTimeoutError) and not isinstance(link, refused) for link in chain):
        return _Refused("timeout", f"No connection within {limits.connect:g} seconds.")
    if any(
        isinstance(link, TimeoutError | requests.ReadTimeout | urllib3.exceptions.ReadTimeoutError) for link in chain
    ):
        return _Refused("timeout", f"The endpoint sent nothing for {limits.read:g} seconds.")
    for link in chain:
        if isinstance(link, ssl.SSLError | urllib3.exceptions.SSLError | ssl.CertificateError):
            return _Refused("tls", f"The secure connection failed: {_tls_reason(chain)}.")
    if any(isinstance(link, ConnectionRefusedError) for link in chain):
        return _Refused("refused", "Nothing listens at this address and port: the connection was refused.")
    if any(isinstance(link, ConnectionResetError | BrokenPipeError | ConnectionAbortedError) for link in chain):
        return _Refused("reset", "The endpoint cut the connection before it answered.")
    if any(type(link).__name__ == "RemoteDisconnected" for link in chain):
        return _Refused("reset", "The endpoint closed the connection without an answer.")
    if any(isinstance(link, urllib3.exceptions.NewConnectionError) for link in chain):
        return _Refused("refused", "The address could not be reached.")
    return _Refused("protocol", f"The answer is not valid HTTP ({type(chain[-1]).__name__}).")


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception with all that it wraps, outermost first."""
    links: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        link = queue.pop(0)
        if isinstance(link, BaseException) and link not in links:
            links.append(link)
            queue.extend([link.__cause__, link.__context__, getattr(link, "reason", None), *link.args])
    return links


def _tls_reason(chain: list[BaseException]) -> str:
    for link in chain:
        if isinstance(link, ssl.SSLCertVerificationError):
            return link.verify_message.rstrip(".")
    return next((link.reason for link in chain if isinstance(link, ssl.SSLError) and link.reason), "handshake failed")
