"""An application served in the test's own process, for a browser."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import make_server


@contextmanager
def serving(app: Flask, at_end: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Yield the address of `app` on a free port; `at_end` ends what would keep its requests from ending."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        at_end()
        server.shutdown()
        thread.join()
        server.server_close()
