"""Reads server-sent events off a socket, for tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """One event."""

    id: str
    data: Any


class Stream:
    """An open stream; iterating waits for the next event."""

    def __init__(self, server, path, *, last_id=None, headers="Authorization: Bearer test-token\r\n"):
        self.connection = server.connect()
        resume = f"Last-Event-ID: {last_id}\r\n" if last_id is not None else ""
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{headers}{resume}\r\n"
        self.connection.sendall(head.encode())
        self.file = self.connection.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while line := self.file.readline().strip():
            name, _, value = line.decode().partition(": ")
            self.headers[name.lower()] = value
        self.comments = []
        self.retry = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.connection.close()

    def __iter__(self):
        return self

    def __next__(self):
        event_id, data = "", []
        for line in self.lines():
            field, _, value = line.partition(": ")
            if line.startswith(":"):
                self.comments.append(line)
            elif field == "retry":
                self.retry = int(value)
            elif field == "id":
                event_id = value
            elif field == "data":
                data.append(value)
            elif not line and data:
                return Event(event_id, json.loads("\n".join(data)))
        raise StopIteration

    def lines(self):
        """Yield the lines inside the chunks of the response."""
        buffered = b""
        while size := self.file.readline().strip():
            buffered += self.file.read(int(size, 16))
            self.file.readline()
            if int(size, 16) == 0:
                return
            *whole, buffered = buffered.split(b"\n")
            for line in whole:
                yield line.decode()
