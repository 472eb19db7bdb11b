"""The story of the operator, from an empty data folder to the payload in the inspector, by clicks alone.

With HOOKLOOP_SCREENSHOTS set to a folder it leaves pictures there; the README shows some of them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.run.product import make_run

WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


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
    inspector, url = make_a_bin(operator)
    assert url.startswith(f"{product.receiver}/b/")
    register_and_test(product, operator, url)
    expect(inspector.get_by_text("payment_received").first).to_be_visible()  # without a reload
    expect(inspector.get_by_text("webhook-signature").first).to_be_attached()
    operator.photograph("inspector", inspector)
    expect(inspector.locator("#captures > .item")).to_have_count(1)
    send_an_event(operator)
    expect(inspector.locator("#captures > .item")).to_have_count(2)  # without a reload


def make_a_bin(operator):
    """Go to the inspector, make a bin and copy its URL; return the window and the URL."""
    page = operator.page
    operator.follow("Inspector")
    operator.photograph("bins-empty")
    operator.press("Create bin")
    expect(page.get_by_text("Waiting").first).to_be_visible()
    operator.photograph("bin-waiting")
    operator.press("Copy", exact=False)
    return page, page.evaluate("navigator.clipboard.readText()")


def register_and_test(product, operator, url):
    """In a second window register a webhook with the bin's URL and send it a test; a third one watches deliveries."""
    page = operator.open(product.sender)
    page.get_by_label("Name", exact=True).fill("Accounting")
    page.get_by_label("URL", exact=True).fill(url)
    page.get_by_label("Event", exact=True).select_option(label="Payment Received (payment_received)")
    operator.press("Add New Webhook")
    row = page.get_by_role("row").filter(has_text="Accounting")
    expect(row).to_contain_text(url)
    expect(row).to_contain_text("payment_received")
    watching = operator.open(f"{product.sender}/deliveries", turn=False)
    expect(watching.get_by_text("Live", exact=True)).to_be_visible()
    row.get_by_role("button", name="Send Test Event").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delivered: 200")
    expect(dialog).to_contain_text(re.compile(r"took [\d,]+ ms"))
    operator.photograph("test-result")
    dialog.get_by_role("button", name="Close").first.click()
    expect(row).to_contain_text("Delivered: 200")  # without a reload, as in all windows
    expect(watching.get_by_role("row").filter(has_text="payment_received")).to_contain_text("Succeeded")


def send_an_event(operator):
    """Compose an event, follow its delivery, and come back to the webhooks with their available events."""
    page = operator.page
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
    page.locator("#available-events").scroll_into_view_if_needed()
    operator.photograph("available-events")
