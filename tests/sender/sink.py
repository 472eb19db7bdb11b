"""An endpoint on a real socket that keeps what it gets; the status is in the path, a Retry-After in the query."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import quote, unquote


@dataclass
class Sink:
    """What arrived, in order: the headers as they came and the body."""

    port: int
    requests: list[tuple[list[tuple[str, str]], bytes]] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    answer: Callable[[Mapping[str, str]], tuple[Mapping[str, str], bytes]] = lambda _sent: ({}, b"ok")
    permit: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda _asked: {}  # the headers that answer OPTIONS

    def url(self, status: int = 200, retry_after: str = "") -> str:
        return f"http://127.0.0.1:{self.port}/{status}" + (f"?{quote(retry_after)}" if retry_after else "")

    def wait_for(self, count: int) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= count, timeout=30)


class Gate:
    """Keeps a sink from answering until it is opened, but for what has the header `PASSES`."""

    PASSES: ClassVar = {"X-Passes": "yes"}

    def __init__(self, sink: Sink) -> None:
        self._opened = threading.Event()
        self._waiting = threading.Semaphore(0)
        sink.answer = self._answer

    def open(self) -> None:
        """Let everything be answered."""
        self._opened.set()

    def await_waiting(self, count: int) -> None:
        """Wait until so many more requests have come that are not answered."""
        for _ in range(count):
            assert self._waiting.acquire(timeout=30)

    def is_anyone_waiting(self) -> bool:
        """Whether there are such that nobody has awaited."""
        return self._waiting.acquire(blocking=False)

    def _answer(self, sent: Mapping[str, str]) -> tuple[Mapping[str, str], bytes]:
        if not self.PASSES.items() <= dict(sent).items():
            self._waiting.release()
            assert self._opened.wait(60)
        return {}, b"ok"


@contextmanager
def listening() -> Iterator[Sink]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_OPTIONS(self) -> None:
            self.send_response(405)  # as many servers do: the headers count
            for name, value in sink.permit(self.headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with sink.arrived:
                sink.requests.append((self.headers.items(), body))
                sink.arrived.notify_all()
            status, _, retry_after = self.path.strip("/").partition("?")
            fields, answer = sink.answer(self.headers)
            self.send_response(int(status))
            if retry_after:
                self.send_header("Retry-After", unquote(retry_after))
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sink = Sink(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
