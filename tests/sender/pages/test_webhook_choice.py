"""One webhook is chosen among any number, where deliveries are filtered and where a replay is asked for."""

from __future__ import annotations

import html
import re

import pytest
from playwright.sync_api import expect

from tests.sender.conftest import TOKEN
from tests.visitor import text_of

PAGES = ["/deliveries", "/replays/new"]


@pytest.fixture
def hooks(api, sink):
    """More webhooks than the field suggests by itself, by name: one far from the newest, two of one name."""
    names = ["Accounting", "Twin", "Twin", *(f"Shop {number}" for number in range(30))]
    return [(name, api.webhook(sink.url(), name=name)["id"]) for name in names]


def ask(visitor, path, **fields):
    """Send the form of a page, by which a webhook is chosen, and return the page to which it leads."""
    if path == "/deliveries":
        query = "&".join(f"{name}={value}" for name, value in fields.items())
        return visitor.client.get(f"{path}?{query}", headers={"Host": visitor.HOST}, follow_redirects=True)
    return visitor.post(path, state="", event_type="", since="2026-01-01T00:00", until="", rate="50", **fields)


def chosen(answer):
    """Return the words and the id that the fields of a page hold."""
    page = html.unescape(answer.text)
    words = re.search(r'<input[^>]* name="webhook"[^>]*>', page)[0]
    return re.search(r'value="([^"]*)"', words)[1], re.search(r'name="webhook_id" value="([^"]*)"', page)[1]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("words", ["Accounting", "accounting", " count ", "ID"])
def test_words_that_fit_one_webhook_choose_it(visitor, hooks, path, words):
    name, webhook_id = hooks[0]
    answer = ask(visitor, path, webhook=webhook_id if words == "ID" else words, webhook_id="")
    assert answer.status_code == 200
    assert chosen(answer) == (name, webhook_id)
    assert f"webhook_id={webhook_id}" in answer.request.url, "an address to come back to"


@pytest.mark.parametrize("path", PAGES)
def test_a_whole_name_chooses_its_webhook_also_when_it_is_part_of_others(visitor, hooks, path):
    assert chosen(ask(visitor, path, webhook="shop 1", webhook_id="")) == ("Shop 1", dict(hooks)["Shop 1"])


@pytest.mark.parametrize("path", PAGES)
def test_words_that_fit_several_list_them_as_links_that_keep_the_rest(visitor, hooks, path):
    twins = {webhook_id for name, webhook_id in hooks if name == "Twin"}
    fields = {"event_type": "payment_received"} if path == "/deliveries" else {}
    answer = ask(visitor, path, webhook="twin", webhook_id="", **fields)
    assert chosen(answer) == ("twin", "")
    links = [html.unescape(link) for link in re.findall(r'<li><a[^>]* href="([^"]+)">Twin</a>', answer.text)]
    assert {re.search(r"webhook_id=(\w+)", link)[1] for link in links} == twins
    assert "payment_received" in links[0] or path == "/replays/new"
    followed = visitor.get(links[0])
    assert followed.status_code == 200
    assert chosen(followed) == ("Twin", re.search(r"webhook_id=(\w+)", links[0])[1])


@pytest.mark.parametrize("path", PAGES)
def test_when_more_fit_than_are_listed_that_is_said(visitor, hooks, path):
    answer = ask(visitor, path, webhook="shop", webhook_id="")
    assert len(re.findall(r"<li><a[^>]*>Shop \d+</a>", answer.text)) == 20
    assert "there are more than these" in text_of(answer)


@pytest.mark.parametrize("path", PAGES)
def test_words_that_fit_none_say_so(visitor, hooks, path):
    answer = ask(visitor, path, webhook="nobody_%", webhook_id=hooks[0][1])
    assert "No webhook fits “nobody_%”" in text_of(answer)
    assert chosen(answer) == ("nobody_%", "")
    assert '<tr id="dlv_' not in answer.text
    without = html.unescape(re.search(r'href="([^"]+)">Ask without a webhook', answer.text)[1])
    assert hooks[0][1] not in without


@pytest.mark.parametrize("path", PAGES)
def test_a_name_that_stays_keeps_its_webhook_also_beside_one_of_the_same_name(visitor, hooks, path):
    for name, webhook_id in hooks[1:3]:
        assert chosen(ask(visitor, path, webhook=name, webhook_id=webhook_id)) == (name, webhook_id)


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_field_chooses_all(visitor, hooks, path):
    assert chosen(ask(visitor, path, webhook=" ", webhook_id=hooks[0][1])) == ("", "")


def test_deliveries_of_a_deleted_webhook_are_found_by_its_id_and_named(visitor, api, hooks):
    api.publish()
    name, webhook_id = hooks[0]
    api("DELETE", f"/api/v1/webhooks/{webhook_id}")
    page = visitor.get(f"/deliveries?webhook_id={webhook_id}")
    assert chosen(page) == (name, webhook_id)
    assert page.text.count('<tr id="dlv_') == 1


def test_the_api_finds_webhooks_by_what_names_them(api, hooks, sink):
    def found(name):
        return [row["name"] for row in api("GET", f"/api/v1/webhooks?name={name}")[1]["items"]]

    assert found("ccount") == ["Accounting"]
    assert found(hooks[1][1]) == ["Twin"]
    assert found("payment_received") == [], "an event type names none"
    assert len(found(sink.url().removeprefix("http://"))) == len(hooks)


def test_the_field_suggests_what_fits_and_sends_what_is_chosen(chromium, site, hooks):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{site}/sign-in?token={TOKEN}")
    page.goto(f"{site}/deliveries")
    field = page.get_by_label("Webhook", exact=True)
    suggested = page.locator("#webhooks-by-name option")
    expect(suggested).to_have_count(20)
    field.press_sequentially("accoun")
    expect(suggested).to_have_count(1)
    expect(suggested).to_have_attribute("value", "Accounting")
    # Headless browsers have no list to click in: this is the event that a choice in it makes.
    field.evaluate(
        """field => {
          field.value = "Accounting";
          field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertReplacementText" }));
        }"""
    )
    page.wait_for_url(f"**/deliveries?webhook_id={hooks[0][1]}")
    expect(field).to_have_value("Accounting")
    page.goto(f"{site}/replays/new")
    page.get_by_label("Webhook").fill("twin")
    page.get_by_role("button", name="Count").click()
    expect(page.get_by_text("Several webhooks fit: choose one of them.")).to_be_visible()
    expect(page.get_by_role("link", name="Twin")).to_have_count(2)
    context.close()
