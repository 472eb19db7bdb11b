"""What all tests share: a real PostgreSQL and a real browser, started once for a run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, expect, sync_playwright

from tests.databases import Databases

settings.register_profile("hookloop", deadline=None)  # how fast a loaded machine is says nothing about the code
settings.load_profile("hookloop")
expect.set_options(timeout=30_000)  # milliseconds after which waiting is a hang; the same holds for a browser

_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_QUIET += ["--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases for this run, of both kinds."""
    databases = Databases(tmp_path_factory.mktemp("templates"))
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser for this run: Playwright's synchronous API runs once in a process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_find_chromium(), args=_QUIET)
        yield browser
        browser.close()


def _find_chromium() -> str | None:
    """Return the system's Chromium; None means Playwright's own."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
