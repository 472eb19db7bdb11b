"""Endpoints on real sockets that behave as no server should, for all that sends requests."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD = b"HTTP/1.1 200 OK\r\n"


@dataclass
class Endpoint:
    """A listener; `requests` holds each request's bytes as they came, `connections` counts those it took."""

    port: int
    address: str = "127.0.0.1"
    scheme: str = "http"
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    server_names: list[str | None] = field(default_factory=list)
    connected: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/", host: str = "") -> str:
        return f"{self.scheme}://{host or self.address}:{self.port}{path}"


@dataclass
class Peer:
    """The endpoint's end of one connection."""

    sock: socket.socket
    endpoint: Endpoint
    number: int

    def read(self) -> bytes:
        """Return one request, and keep it; raise ConnectionError when the other end closes before it is whole."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length: *(\d+)", head)
        while len(body) < int(length[1] if length else 0):
            body += self._more()
        self.endpoint.requests.append(head + b"\r\n\r\n" + body)
        return self.endpoint.requests[-1]

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reset(self) -> None:
        """Cut the connection with a TCP reset instead of an orderly end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def hang(self) -> None:
        """Do nothing until the endpoint ends or the other end has closed."""
        while not self.endpoint.ended.is_set():
            self.sock.settimeout(0.05)
            with suppress(TimeoutError):
                if not self.sock.recv(65536):
                    return

    def sit(self) -> None:
        """Do nothing, not even read, until the endpoint ends."""
        self.endpoint.ended.wait()

    def drip(self, data: bytes, every: float) -> None:
        """Send `data` over and over, a byte every so many seconds, until the other end or the endpoint ends."""
        while not self.endpoint.ended.is_set():
            for byte in data:
                self.send(bytes([byte]))
                if self.endpoint.ended.wait(every):
                    return

    def _more(self) -> bytes:
        if not (data := self.sock.recv(65536)):
            raise ConnectionError("the connection ended within a request")
        return data


Behaviour = Callable[[Peer], None]


def answering(*answers: bytes) -> Behaviour:
    """Answer each connection's first request with the first, the next with the next; then close."""

    def behave(peer: Peer) -> None:
        for answer in answers:
            peer.read()
            peer.send(answer)

    return behave


def serving(answer: bytes = OK) -> Behaviour:
    """Answer every request alike and keep the connection, as a good server does."""

    def behave(peer: Peer) -> None:
        while True:
            peer.read()
            peer.send(answer)

    return behave


def holding(answer: bytes) -> Behaviour:
    """Answer one request and then neither send nor close."""

    def behave(peer: Peer) -> None:
        peer.read()
        peer.send(answer)
        peer.hang()

    return behave


def dripping(head: bytes, data: bytes, every: float = 0.02) -> Behaviour:
    """Answer with `head`, then with `data` for ever, a byte every so many seconds."""

    def behave(peer: Peer) -> None:
        peer.read()
        peer.send(head)
        peer.drip(data, every)

    return behave


def resetting(begun: bytes = b"") -> Behaviour:
    """Read the request, begin an answer and cut the connection with a reset."""

    def behave(peer: Peer) -> None:
        peer.read()
        peer.send(begun)
        if begun:
            peer.endpoint.ended.wait(0.2)  # else the reset overtakes what was begun
        peer.reset()

    return behave


def pouring(head: bytes, data: bytes, times: int) -> Behaviour:
    """Answer with `head` and `times` times `data`, as fast as it is taken."""

    def behave(peer: Peer) -> None:
        peer.read()
        peer.send(head)
        for _ in range(times):
            peer.send(data)

    return behave


@contextmanager
def listening(behave: Behaviour, tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Endpoint]:
    """Run an endpoint on 127.0.0.1, on `port` or a free one; its connections and threads end with the block."""
    listener = socket.create_server(("127.0.0.1", port))
    endpoint = Endpoint(listener.getsockname()[1], scheme="https" if tls else "http")
    if tls:
        tls.sni_callback = lambda _socket, name, _context: endpoint.server_names.append(name)
    peers: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(sock: socket.socket, number: int) -> None:
        with suppress(OSError):  # the other end may go whenever it wants, and the end of the block cuts us off
            if tls:
                sock = tls.wrap_socket(sock, server_side=True)
                peers.append(sock)
            behave(Peer(sock, endpoint, number))
        sock.close()

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            endpoint.connections += 1
            endpoint.connected.set()
            peers.append(sock)
            threads.append(threading.Thread(target=serve, args=(sock, endpoint.connections), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield endpoint
    finally:
        endpoint.ended.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
        listener.close()
        for sock in peers:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
