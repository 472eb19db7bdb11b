"""A server for tests that keeps the bytes of every request as they came off the socket."""

from __future__ import annotations

import re
import socket
import threading
from typing import Self


class RawServer:
    """Answers 200 to each connection's one request and keeps the request's bytes in `requests`."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.requests.append(read_message(connection))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def read_message(connection: socket.socket) -> bytes:
    """Return one HTTP message: its head, and the body that Content-Length or chunked coding announces."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    if re.search(rb"(?im)^transfer-encoding: *chunked\r?$", head):
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(connection)
    else:
        length = re.search(rb"(?im)^content-length: *(\d+)", head)
        while len(body) < int(length[1] if length else 0):
            body += _more(connection)
    return head + b"\r\n\r\n" + body


def unchunk(body: bytes) -> bytes:
    """Return the content of a chunked body."""
    content = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            return content
        content += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the connection ended within a message")
    return data
