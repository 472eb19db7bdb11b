"""An application served in the test's own process, for a browser."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

PATIENCE = 30  # seconds after which a request that does not end counts as a hang


class _UnderWay:
    """Counts the requests under way: one that outlived its test would use a database that is gone.

    To wait for the server's threads instead would be for ever: browsers open connections that they may need.
    """

    def __init__(self) -> None:
        self._count = 0
        self._ended = threading.Condition()

    def __enter__(self) -> None:
        with self._ended:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._ended:
            self._count -= 1
            self._ended.notify_all()

    def await_none(self) -> None:
        with self._ended:
            assert self._ended.wait_for(lambda: not self._count, PATIENCE), "a request does not end"


@contextmanager
def serving(app: Flask, at_end: Callable[[], None]) -> Iterator[str]:
    """Yield the address of `app` on a free port; `at_end` ends the streams, and all requests have ended afterwards."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    under_way = _UnderWay()

    class Handler(WSGIRequestHandler):
        def run_wsgi(self) -> None:
            with under_way:
                super().run_wsgi()

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        at_end()
        server.shutdown()
        thread.join()
        under_way.await_none()
        server.server_close()
