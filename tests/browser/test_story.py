"""The story of the operator, from an empty data folder to the payload in the inspector, by clicks alone."""

from __future__ import annotations

import re

from playwright.sync_api import expect


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
