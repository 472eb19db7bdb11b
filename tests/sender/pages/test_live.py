"""Live pages of the sender: what changed is told once, to windows with a stream and to those without."""

from __future__ import annotations

import json
import re

import pytest

from sender.views.pages import deliveries
from shared import __version__


def version(page):
    return re.search(r'data-last-id="([^"]+)"', page.text)[1]


def news(visitor, path, after):
    return visitor.get(f"{path}/news?after={after}").get_json()["items"]


def send_test(api, hook):
    return api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})[1]


def first_message(visitor, path, after=""):
    """The first message of a stream."""
    answer = visitor.client.get(f"{path}/stream?after={after}")
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    return first_of(answer)


def first_of(answer):
    for part in answer.response:
        for text in part.decode().split("\n\n"):
            if text.startswith("id: "):
                answer.close()
                return text.split("\n")
    raise AssertionError("no message")


def test_a_page_that_has_all_hears_nothing(visitor, api, hook):
    send_test(api, hook)
    for path in ("/deliveries", "/webhooks", f"/webhooks/{hook['id']}"):
        assert news(visitor, path, version(visitor.get(path))) == [], path


def test_the_foot_of_a_live_page_names_the_version_of_hookloop(visitor, api, hook):
    delivery = send_test(api, hook)
    for path in ("/deliveries", "/webhooks", f"/webhooks/{hook['id']}", f"/deliveries/{delivery['id']}"):
        assert f"Hookloop {__version__}<" in visitor.get(path).text, path


def test_a_new_delivery_is_told_as_the_row_that_the_page_would_show(visitor, api, hook):
    delivery = send_test(api, hook)
    (item,) = news(visitor, "/deliveries", "")
    assert f'<tr id="{delivery["id"]}">' in item["html"]
    assert news(visitor, "/deliveries", item["id"]) == []
    assert item["id"] == version(visitor.get("/deliveries"))


def test_a_changed_delivery_is_told_by_the_stream(visitor, api, hook):
    delivery = send_test(api, hook)
    named, data = first_message(visitor, "/deliveries", "something-older")
    item = json.loads(data.removeprefix("data: "))
    assert named == f"id: {item['id']}"
    assert delivery["id"] in item["html"]


def test_a_webhook_that_changes_while_its_stream_begins_is_told_as_it_is_then(visitor, api, hook):
    path = f"/webhooks/{hook['id']}"
    answer = visitor.client.get(f"{path}/stream?after=x")
    api("PATCH", f"/api/v1{path}", {"active": False})
    _, data = first_of(answer)
    assert "Paused" in json.loads(data.removeprefix("data: "))["html"]


@pytest.mark.parametrize("way", ["stream", "news"])
@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/webhooks", "?state=odd", 422),
        ("/webhooks/whk_none", "", 404),
        ("/deliveries", "?state=odd", 422),
        ("/deliveries", "?since=odd", 422),
        ("/deliveries/dlv_none", "", 404),
    ],
)
def test_what_is_not_there_or_wrongly_asked_for_is_refused_as_on_the_page(visitor, path, query, status, way):
    for page in (path, f"{path}/{way}"):
        assert visitor.get(page + query).status_code == status


def test_the_filter_of_the_page_holds_for_its_news(visitor, api, hook):
    send_test(api, hook)
    assert news(visitor, "/deliveries", "x")[0]["html"]
    answer = visitor.get("/deliveries/news?after=x&state=failed").get_json()["items"]
    assert (answer[0]["html"], answer[0]["rows"]) == ("", {"ids": [], "down_to": ""})


def test_a_page_that_was_away_hears_which_rows_there_are(visitor, api, hook, monkeypatch):
    older, newer, newest = (send_test(api, hook)["id"] for _ in range(3))
    (item,) = news(visitor, "/deliveries", "x")
    assert item["rows"] == {"ids": [newest, newer, older], "down_to": ""}
    monkeypatch.setattr(deliveries, "PER_PAGE", 2)
    (item,) = news(visitor, "/deliveries", "x")
    assert item["rows"] == {"ids": [newest, newer], "down_to": newer}


def test_one_delivery_tells_its_head_and_its_attempts(visitor, api, hook):
    delivery = send_test(api, hook)
    path = f"/deliveries/{delivery['id']}"
    (item,) = news(visitor, path, "x")
    assert 'id="delivery-head"' in item["html"]
    assert 'id="delivery-attempts"' in item["html"]
    assert news(visitor, path, version(visitor.get(path))) == []


def test_a_webhook_tells_its_health_and_counts(visitor, api, hook):
    page = version(visitor.get("/webhooks"))
    send_test(api, hook)
    (item,) = news(visitor, "/webhooks", page)
    assert "Delivered: 200" in item["html"]
    assert 'id="webhook-health"' in news(visitor, f"/webhooks/{hook['id']}", "x")[0]["html"]


def test_the_list_of_webhooks_tells_what_is_in_trouble_and_when_it_no_longer_is(visitor, api, hook, deliverer):
    well = visitor.get("/webhooks?q=nothing+fits")
    assert '<div id="webhooks-troubled" class="stack" hidden>' in well.text
    before = version(visitor.get("/webhooks"))
    deliverer.set(hook["id"], active=False, disabled_reason="It was failing for 5 days.")
    (item,) = news(visitor, "/webhooks", before)
    assert "Billing was disabled" in item["html"]
    assert "It was failing for 5 days." in item["html"]
    api("PATCH", f"/api/v1/webhooks/{hook['id']}", {"active": True})
    (item,) = news(visitor, "/webhooks", item["id"])
    assert '<div id="webhooks-troubled" class="stack" hidden>' in item["html"]


def test_streams_beyond_what_the_process_can_hold_are_refused(visitor, app, api, hook):
    bus = app.extensions["hookloop_sender"].live
    taken = [bus.listening() for _ in range(bus._most)]
    for one in taken:
        one.__enter__()
    try:
        answer = visitor.get("/deliveries/stream")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    finally:
        for one in taken:
            one.__exit__(None, None, None)
        bus.stop()
