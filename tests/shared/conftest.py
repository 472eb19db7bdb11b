"""A browser, and the gallery served for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.serving import serving
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
    app = create_app()
    feed: Feed = app.extensions["feed"]
    with serving(app, at_end=feed.cut) as origin:
        site = Site(chromium, origin, feed)
        yield site
        for context in site.contexts:
            context.close()
