"""A person at the pages of the product.

With HOOKLOOP_SCREENSHOTS set to a folder they leave pictures there; the README shows some of them.
"""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page

WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


class Operator:
    """A person with one browser window; `complaints` are errors that pages reported."""

    def __init__(self, chromium):
        self.context = chromium.new_context(viewport=WIDE, permissions=["clipboard-read", "clipboard-write"])
        self.complaints = []
        self.page = self.context.new_page()
        self.watch(self.page)

    def watch(self, page: Page):
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))

    def open(self, url, *, turn=True):
        """Open another window; with `turn` go on in it."""
        page = self.context.new_page()
        self.watch(page)
        page.goto(url)
        if turn:
            self.page = page
        return page

    def press(self, name, page=None, exact=True):
        (page or self.page).get_by_role("button", name=name, exact=exact).first.click()

    def follow(self, name, page=None):
        (page or self.page).get_by_role("link", name=name, exact=True).first.click()

    def photograph(self, name, page=None):
        folder = os.environ.get("HOOKLOOP_SCREENSHOTS")
        page = page or self.page
        if not folder:
            return
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for label, size in (("wide", WIDE), ("narrow", NARROW)):
                page.set_viewport_size(size)
                page.wait_for_function("document.fonts.ready.then(() => true)")
                page.screenshot(path=Path(folder) / f"{name}-{label}-{scheme}.png")
        page.set_viewport_size(WIDE)
        page.emulate_media(color_scheme="light")
