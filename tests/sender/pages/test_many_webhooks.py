"""Lists of many webhooks: several are changed at once and one stays where one was; names of any writing."""

from __future__ import annotations

import html
import re

import pytest
from playwright.sync_api import expect

from sender.views.pages import webhooks
from tests.sender.conftest import TOKEN
from tests.visitor import text_of


def place(page):
    """Return what the form below the list says about where in it the person is."""
    form = re.search(r'<form id="bulk".*?</form>', page, re.DOTALL)[0]
    fields = re.findall(r'type="hidden" name="((?!csrf)[^"]+)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in fields}


@pytest.fixture
def hooks(api, sink, monkeypatch):
    """The ids of five webhooks, the newest first, two of which fit a page."""
    monkeypatch.setattr(webhooks, "PER_PAGE", 2)
    return [api.webhook(sink.url(), name=f"Shop {number}", integration="crm")["id"] for number in range(5)][::-1]


def test_the_list_says_how_many_there_are(visitor, hooks):
    assert "5 webhooks Newest Older" in visitor.read("/webhooks")
    assert "5 webhooks that fit" in visitor.read(f"/webhooks?q=shop&cursor={hooks[1]}")
    assert "1 webhook that fits" in visitor.read("/webhooks?q=shop+3")


def test_who_pages_on_is_led_back_to_the_newest_and_told_so(visitor, hooks):
    pager = re.search(r'<nav class="pager".*?</nav>', visitor.get(f"/webhooks?q=shop&cursor={hooks[3]}").text)[0]
    assert re.findall(r'<a [^>]*href="([^"]*)"', pager)[0] == "/webhooks?q=shop"
    assert re.search(r"<a .*?Newest</a>", pager)


@pytest.mark.parametrize("verb", ["pause", "activate", "delete"])
def test_who_changes_several_stays_in_the_filtered_list_and_on_its_page(visitor, hooks, verb):
    path = f"/webhooks?q=shop&integration=crm&cursor={hooks[1]}"
    fields = place(visitor.get(path).text)
    answer = visitor.post("/webhooks/bulk", ids=hooks[2:4], verb=verb, **fields)
    if verb == "delete":
        fields = dict(re.findall(r'type="hidden" name="((?!csrf|ids)[^"]+)" value="([^"]*)"', answer.text))
        answer = visitor.post("/webhooks/bulk", ids=hooks[2:4], **fields)
    given = answer.request.args
    assert (answer.request.path, dict(given)) == ("/webhooks", {"q": "shop", "integration": "crm", "cursor": hooks[1]})
    assert "2 webhooks are" in text_of(answer)
    assert "Shop 0" in text_of(answer) or verb != "delete"


def test_a_page_of_which_nothing_is_left_does_not_say_that_there_are_no_webhooks(visitor, hooks):
    page = visitor.read(f"/webhooks?cursor={hooks[-1]}")
    assert "No webhooks yet" not in page
    assert "Show all webhooks" in page


def test_a_slash_leads_to_the_field_that_chooses_the_webhook(chromium, site):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{site}/sign-in?token={TOKEN}")
    page.goto(f"{site}/deliveries")
    page.keyboard.press("/")
    expect(page.get_by_label("Webhook", exact=True)).to_be_focused()
    context.close()


def test_all_of_a_page_are_ticked_by_one_box(chromium, site, hooks):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{site}/sign-in?token={TOKEN}")
    every, boxes = page.get_by_label("All of this page"), page.get_by_label(re.compile("^Tick "))
    every.check()
    expect(page.get_by_text("With the 2 ticked:")).to_be_visible()
    for box in boxes.all():
        expect(box).to_be_checked()
    boxes.first.uncheck()
    expect(page.get_by_text("With the 1 ticked:")).to_be_visible()
    assert every.evaluate("box => box.indeterminate && !box.checked")
    every.check()
    every.uncheck()
    expect(page.get_by_text("With those ticked:")).to_be_visible()
    every.check()
    page.locator("#bulk").get_by_role("button", name="Pause").click()
    expect(page.get_by_text("2 webhooks are paused")).to_be_visible()
    context.close()


def test_names_written_from_right_to_left_keep_their_order_wherever_they_stand(visitor, api, sink):
    name = "حسابات (عاجل)!"
    hook = api.webhook(sink.url(), name=name)["id"]
    api.publish()
    (delivery,) = api("GET", "/api/v1/deliveries")[1]["items"]
    replay = api("POST", "/api/v1/replays", {"since": "2026-01-01T00:00:00Z", "webhook_id": hook})[1]["id"]
    for path in (
        "/webhooks",
        f"/webhooks/{hook}",
        "/deliveries",
        f"/deliveries/{delivery['id']}",
        f"/replays/{replay}",
    ):
        page = html.unescape(visitor.get(path).text).partition("<main")[2]
        shown = re.findall(rf"<([^<>]*)>{re.escape(name)}<", page)
        assert shown, path
        assert all(tag == "bdi" or 'dir="auto"' in tag for tag in shown), (path, shown)


def test_a_delivery_in_the_list_leads_to_its_webhook_unless_that_was_deleted(visitor, api, hook):
    api.publish()
    link = f'href="/webhooks/{hook["id"]}">Billing</a>'
    assert link in visitor.get("/deliveries").text
    api("DELETE", f"/api/v1/webhooks/{hook['id']}")
    assert link not in visitor.get("/deliveries").text
    assert "Billing (deleted)" in visitor.read("/deliveries")
