"""What was changed on a webhook's page, in a real browser, when something else of the page is pressed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.sender.conftest import TOKEN


@pytest.fixture
def page(chromium, site, api, hook):
    """The page of a webhook that is paused."""
    api("PATCH", f"/api/v1/webhooks/{hook['id']}", {"active": False})
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{site}/sign-in?token={TOKEN}")
    page.goto(f"{site}/webhooks/{hook['id']}")
    yield page
    context.close()


CHANGES = {
    "text": lambda page: page.get_by_label("Name", exact=True).fill("Unsaved"),
    "lines": lambda page: page.get_by_label("Headers").fill("X-Unsaved: 1"),
    "box": lambda page: page.get_by_label("Site Published").check(),
    "choice": lambda page: page.get_by_label("Per", exact=True).select_option("minute"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_discarded_only_by_who_says_so(page, change):
    activate = page.get_by_role("button", name="Activate")
    CHANGES[change](page)
    activate.click()
    dialog = page.get_by_role("dialog", name="Discard your changes?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    expect(activate).not_to_have_attribute("aria-busy", "true")
    activate.click()
    dialog.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("is active.")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Billing")


def test_who_changed_nothing_or_saves_is_not_asked(page, api, hook):
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("is active.")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Saved")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The webhook is saved.")).to_be_visible()
    assert api("GET", f"/api/v1/webhooks/{hook['id']}")[1]["name"] == "Saved"
