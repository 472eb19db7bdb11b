"""A browser, and the gallery served for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from tests.shared.gallery import Feed, create_app


@dataclass
class Site:
    """The gallery at `origin`; `complaints` is what pages wrote to the console or threw."""

    browser: Browser
    origin: str
    feed: Feed
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def context(self, **options: Any) -> BrowserContext:
        """Return a fresh browser profile."""
        self.contexts.append(self.browser.new_context(**options))
        return self.contexts[-1]

    def open(self, path: str, context: BrowserContext | None = None, **options: Any) -> Page:
        """Return a window on `path`, in a profile of its own unless one is given."""
        page = (context or self.context(**options)).new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        page.goto(self.origin + path)
        return page


@pytest.fixture
def site(chromium: Browser) -> Iterator[Site]:
    with serving(create_app()) as (origin, feed):
        site = Site(chromium, origin, feed)
        yield site
        for context in site.contexts:
            context.close()


@contextmanager
def serving(app: Flask) -> Iterator[tuple[str, Feed]]:
    """Serve `app` on a free port for the length of the block."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    feed: Feed = app.extensions["feed"]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}", feed
    finally:
        feed.cut()
        server.shutdown()
        thread.join()
        server.server_close()
