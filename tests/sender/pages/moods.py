"""Endpoints on real sockets that do what their path says, or fail at first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

EVIL = b"<h1>Oops</h1><img src=x onerror=\"window.pwned='1'\"><script>window.pwned='1'</script>"
PATIENCE = 30  # seconds after which waiting for a test is a hang

Answer = tuple[int, bytes]


@contextmanager
def moods() -> Iterator[str]:
    """Yield the address of an endpoint: /ok and /empty answer 200, /silent nothing at all, others 500 with a page."""

    def answer(handler: BaseHTTPRequestHandler) -> Answer | None:
        if handler.path == "/silent":
            handler.connection.recv(1)  # until the sender gives up
            return None
        path = handler.path.partition("?")[0]
        return {"/ok": (200, b'{"n":12345678901234567890}'), "/empty": (200, b"")}.get(path, (500, EVIL))

    with _endpoint(answer) as url:
        yield url


@contextmanager
def failing_first() -> Iterator[tuple[str, Event]]:
    """Yield the address of an endpoint that answers 503 at first, then 200, but not before the event is set."""
    go_on, seen = Event(), Event()

    def answer(_: BaseHTTPRequestHandler) -> Answer:
        if not seen.is_set():
            seen.set()
            return 503, b"not yet"
        assert go_on.wait(PATIENCE)
        return 200, b"ok"

    with _endpoint(answer) as url:
        yield url, go_on


@contextmanager
def _endpoint(answer: Callable[[BaseHTTPRequestHandler], Answer | None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            given = answer(self)
            if given is None:
                self.close_connection = True
                return
            status, body = given
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
