"""The story of the operator, from an empty data folder to the payload in the inspector, by clicks alone.

With HOOKLOOP_SCREENSHOTS set to a folder it leaves pictures there; the README shows some of them.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.run.product import make_run

WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def product(tmp_path):
    with make_run(tmp_path) as product:
        product.wait_until_ready()
        yield product


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


@pytest.fixture
def operator(chromium):
    operator = Operator(chromium)
    yield operator
    operator.context.close()
    assert operator.complaints == []


def test_a_new_user_lives_the_whole_story(product, operator):
    page = operator.page
    page.goto(product.sign_in_links[0])
    expect(page.get_by_role("heading", name="Webhooks", exact=True)).to_be_visible()
    expect(page.get_by_text("No webhooks yet")).to_be_visible()
    operator.photograph("webhooks-empty")

    with operator.context.expect_page() if _opens_window(page, "Inspector") else _same(page) as opened:
        operator.follow("Inspector")
    inspector = opened.value
    operator.watch(inspector)
    operator.photograph("bins-empty", inspector)
    operator.press("Create bin", inspector)
    expect(inspector.get_by_text("Waiting").first).to_be_visible()
    operator.photograph("bin-waiting", inspector)
    operator.press("Copy", inspector, exact=False)
    url = inspector.evaluate("navigator.clipboard.readText()")
    assert url.startswith(f"{product.receiver}/b/")

    page = operator.context.new_page()
    operator.watch(page)
    operator.page = page
    page.goto(product.sender)
    page.get_by_label("Name", exact=True).fill("Accounting")
    page.get_by_label("URL", exact=True).fill(url)
    page.get_by_label("Event", exact=True).select_option(label="Payment Received (payment_received)")
    operator.press("Add New Webhook")
    row = page.get_by_role("row").filter(has_text="Accounting")
    expect(row).to_contain_text(url)
    expect(row).to_contain_text("payment_received")
    watching = operator.context.new_page()
    operator.watch(watching)
    watching.goto(f"{product.sender}/deliveries")
    expect(watching.get_by_text("Live", exact=True)).to_be_visible()
    row.get_by_role("button", name="Send Test Event").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delivered: 200")
    expect(dialog).to_contain_text(re.compile(r"took [\d,]+ ms"))
    operator.photograph("test-result")
    dialog.get_by_role("button", name="Close").first.click()
    expect(row).to_contain_text("Delivered: 200")  # without a reload, as in all windows
    expect(watching.get_by_role("row").filter(has_text="payment_received")).to_contain_text("Succeeded")

    expect(inspector.get_by_text("payment_received").first).to_be_visible()  # without a reload
    expect(inspector.get_by_text("webhook-signature").first).to_be_attached()
    operator.photograph("inspector", inspector)

    operator.follow("Send an event")
    operator.press("Send event")
    expect(page.get_by_text("Accepted: 1 matching webhook")).to_be_visible()
    operator.photograph("sent")
    page.get_by_role("link", name=re.compile("^delivery ")).click()
    expect(page.get_by_text("Succeeded").first).to_be_visible()
    operator.photograph("delivery")
    operator.follow("Deliveries")
    expect(page.get_by_role("row").filter(has_text="payment_received")).to_have_count(2)
    operator.photograph("deliveries")
    operator.follow("Webhooks")
    expect(page.get_by_role("row").filter(has_text="Accounting")).to_contain_text("Delivered: 200")
    operator.photograph("webhooks")
    available = page.locator("#available-events")
    available.scroll_into_view_if_needed()
    operator.photograph("available-events")


def _opens_window(page, name):
    return page.get_by_role("link", name=name, exact=True).first.get_attribute("target") == "_blank"


class _same:  # noqa: N801  # reads as a statement
    """As `expect_page`, for a link that stays in its window."""

    def __init__(self, page):
        self.value = page

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None
