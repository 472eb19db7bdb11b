"""The sender's pages as a browser without scripts uses them."""

from __future__ import annotations

import re

import pytest

from tests.sender.conftest import TOKEN


@pytest.fixture
def browser(app):
    client = app.test_client()
    client.get(f"/sign-in?token={TOKEN}")
    return client


def post(browser, path, page, **fields):
    text = browser.get(page).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', text).group(1)
    return browser.post(path, data={"csrf_token": token, **fields}, follow_redirects=True)


@pytest.mark.parametrize("path", ["/webhooks", "/send", "/send?type=v1.plan_change", "/deliveries", "/event-types"])
def test_every_page_shows(browser, path):
    assert browser.get(path).status_code == 200


def test_the_story_of_the_operator(browser, sink):
    fields = {"name": "My bin", "url": sink.url(), "event": "payment_received"}
    page = post(browser, "/webhooks", "/webhooks", **fields).text
    assert "Add New Webhook" in page
    assert "Available events" in page
    test = re.search(r'action="(/webhooks/whk_[^"]+/test)"', page).group(1)
    answer = post(browser, test, "/webhooks")
    assert "Delivered" in answer.text
    assert len(sink.requests) == 1


def test_a_wrong_url_is_told_beside_its_field_and_the_rest_is_kept(browser):
    answer = post(browser, "/webhooks", "/webhooks", name="Kept", url="ftp://x", event="payment_received")
    assert answer.status_code == 422
    assert "must start with http" in answer.text
    assert 'value="Kept"' in answer.text


def test_a_form_without_its_token_changes_nothing(browser, api):
    assert browser.post("/webhooks", data={"name": "x"}).status_code == 400
    assert api("GET", "/api/v1/webhooks")[1]["items"] == []


def test_an_event_is_sent_and_its_webhooks_are_named(browser, api, sink):
    api.webhook(sink.url())
    answer = post(browser, "/send", "/send", type="payment_received", payload='{"payment_id": 1}')
    assert "1 matching webhook" in answer.text
    assert post(browser, "/send", "/send", type="payment_received", payload="{").status_code == 422
