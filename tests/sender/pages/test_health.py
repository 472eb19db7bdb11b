"""What the pages say about a webhook that rests, fails or was disabled, and when nobody delivers."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from unittest import mock

import pytest
from sqlalchemy import insert, update

from sender.models import Webhook, WorkerProcess, db
from shared import clock, moments
from shared.database import writing_connection
from tests.visitor import text_of


@pytest.fixture
def change(app, api, sink):
    """Make a webhook with a row as given and return its id."""

    def change(**values):
        hook = api.webhook(sink.url())
        with app.app_context(), writing_connection(db.engine) as connection:
            connection.execute(update(Webhook).where(Webhook.id == hook["id"]).values(**values))
        return hook["id"]

    return change


def test_a_resting_webhook_says_until_when_and_why(visitor, change):
    soon = clock.now() + timedelta(minutes=5)
    hook = change(failure_count=7, failing_since=clock.now(), blocked_until=soon, blocked_reason="breaker")
    assert "rests, probes" in text_of(visitor.get("/webhooks"))
    page = text_of(visitor.get(f"/webhooks/{hook}"))
    assert "the circuit breaker is open" in page
    assert "After 7 failed attempts in a row" in page
    assert "Resting" in page


@pytest.mark.parametrize("reason", ["breaker", "retry_after", "probing"])
def test_a_rest_that_is_over_is_not_shown_as_going_on(visitor, change, api, reason):
    ago = clock.now() - timedelta(hours=3)
    hook = change(failure_count=7, failing_since=ago, blocked_until=ago, blocked_reason=reason)
    listed, page = text_of(visitor.get("/webhooks")), text_of(visitor.get(f"/webhooks/{hook}"))
    assert "the next delivery probes" in listed
    assert "The rest is over: the next delivery probes" in page
    assert "rests, probes" not in listed
    assert "is sent until" not in page
    assert api("GET", f"/api/v1/webhooks/{hook}")[1]["condition"] == "probing"


def test_a_probe_under_way_is_told(visitor, change, api):
    soon = clock.now() + timedelta(minutes=1)  # the end of its lease
    hook = change(failure_count=7, failing_since=clock.now(), blocked_until=soon, blocked_reason="probing")
    assert "a delivery probes" in text_of(visitor.get("/webhooks"))
    assert "A delivery probes now" in text_of(visitor.get(f"/webhooks/{hook}"))
    assert api("GET", f"/api/v1/webhooks/{hook}")[1]["condition"] == "probing"


def test_an_open_page_hears_that_the_rest_is_over(visitor, change):
    end = clock.now() + timedelta(minutes=5)
    hook = change(failure_count=7, failing_since=clock.now(), blocked_until=end, blocked_reason="breaker")
    for path in ("/webhooks", f"/webhooks/{hook}"):
        version = re.search(r'data-last-id="([^"]+)"', visitor.get(path).text)[1]
        assert visitor.get(f"{path}/news?after={version}").json["items"] == []
        with mock.patch.object(clock, "now", return_value=end):
            (item,) = visitor.get(f"{path}/news?after={version}").json["items"]
        assert "the next delivery probes" in item["html"]


def test_one_that_asked_to_wait_says_so(visitor, change):
    hook = change(failure_count=1, blocked_until=clock.now() + timedelta(hours=1), blocked_reason="retry_after")
    assert "The endpoint asked to wait" in text_of(visitor.get(f"/webhooks/{hook}"))


def test_what_a_paused_webhook_is_owed_waits_for_it_and_not_for_an_attempt(visitor, change):
    assert "Owed 0 waiting for an attempt" in text_of(visitor.get(f"/webhooks/{change(active=True)}"))
    assert "Owed 0 kept until it is active" in text_of(visitor.get(f"/webhooks/{change(active=False)}"))


def test_a_warning_stands_on_both_pages(visitor, change):
    long_ago = clock.now() - timedelta(days=3)
    hook = change(failure_count=20, failing_since=long_ago, warned_at=clock.now())
    listed, page = text_of(visitor.get("/webhooks")), text_of(visitor.get(f"/webhooks/{hook}"))
    assert "Billing has been failing for long" in listed
    assert "This webhook has been failing for long" in page
    for said in (listed, page):
        assert "Hookloop will disable it, after ten failures in a row at the earliest." in said


def test_a_disabled_webhook_says_why_and_can_be_activated(visitor, change, api):
    hook = change(active=False, disabled_reason="It was failing for 5 days.", missed_since=clock.now())
    assert "Billing was disabled It was failing for 5 days." in text_of(visitor.get("/webhooks"))
    assert "Hookloop disabled this webhook" in text_of(visitor.get(f"/webhooks/{hook}"))
    offered = visitor.post(f"/webhooks/{hook}/activate")
    assert "What it missed can be replayed" in text_of(offered)
    assert f'name="webhook_id" value="{hook}"' in offered.text
    assert api("GET", f"/api/v1/webhooks/{hook}")[1]["state"] == "active"


def test_all_is_well_says_nothing(visitor, change):
    hook = change(failure_count=0)
    page = visitor.get(f"/webhooks/{hook}").text
    assert 'class="notice' not in page
    assert "rests, probes" not in visitor.get("/webhooks").text


def test_pages_say_when_no_worker_runs(visitor, change, app):
    change(failure_count=0)
    assert "No delivery worker is running" in text_of(visitor.get("/webhooks"))
    now = clock.now()
    with app.app_context(), writing_connection(db.engine) as connection:
        row = {"id": "wrk_1", "name": "test", "started_at": now, "seen_at": now}
        connection.execute(insert(WorkerProcess), [row])
    assert "No delivery worker is running" not in text_of(visitor.get("/webhooks"))


def test_the_api_tells_the_same(change, api):
    soon = clock.now() + timedelta(minutes=5)
    hook = change(failure_count=7, failing_since=clock.now(), blocked_until=soon, blocked_reason="breaker")
    told = api("GET", f"/api/v1/webhooks/{hook}")[1]
    assert (told["condition"], told["failure_count"], told["blocked_reason"]) == ("resting", 7, "breaker")
    assert told["blocked_until"] == moments.rfc3339(soon)


def test_more_troubled_webhooks_than_are_shown_are_counted_and_can_be_listed(visitor, change, api):
    for number in range(11):
        change(name=f"Off {number}", active=False, disabled_reason="It was failing.")
    change(name="Warned about", warned_at=clock.now(), failure_count=20)
    well = change(name="All is well")
    change(name="Paused", active=False)
    page = visitor.get("/webhooks")
    assert text_of(page).count("was disabled") + text_of(page).count("has been failing for long") == 10
    assert "2 more webhooks are disabled or have been failing for long" in text_of(page)
    listed = visitor.get(html.unescape(re.search(r'<a href="([^"]+)">Show all 12</a>', page.text)[1]))
    rows = listed.text.split('id="webhooks"')[1]
    assert rows.count('name="ids"') == 12
    assert well not in rows
    found = api("GET", "/api/v1/webhooks?state=troubled")[1]["items"]
    assert len(found) == 12
    assert {one["state"] for one in found} == {"active", "disabled"}
    api("DELETE", f"/api/v1/webhooks/{found[0]['id']}")
    api("DELETE", f"/api/v1/webhooks/{found[1]['id']}")
    assert "Show all" not in visitor.get("/webhooks").text


def test_the_last_failure_is_said_without_a_second_colon(visitor, change):
    hook = change(failure_count=7, failing_since=clock.now(), last_outcome="http_status", last_status=503)
    assert "Failures in a row 7 Not delivered: the endpoint answered 503" in text_of(visitor.get(f"/webhooks/{hook}"))


def test_a_due_delivery_that_is_not_sent_says_what_it_waits_for(visitor, api, change):
    limit = {"rate_limit": 1, "rate_period": "minute", "paced_until": clock.now() + timedelta(minutes=1)}
    for values, words in (
        ({"rate_limit": None}, "as soon as there is a free place"),
        (limit, "waits for the webhook's rate limit"),
    ):
        hook = change(**values)
        assert api("POST", "/api/v1/events", {"type": "payment_received", "payload": {}})[0] == 202
        (delivery,) = api("GET", f"/api/v1/deliveries?webhook_id={hook}")[1]["items"]
        for path in (f"/deliveries/{delivery['id']}", f"/deliveries?webhook_id={hook}"):
            assert words in text_of(visitor.get(path))


def test_a_webhook_page_leads_to_a_replay_to_it(visitor, change):
    hook = change(name="Billing")
    assert f'href="/replays/new?webhook_id={hook}"' in visitor.get(f"/webhooks/{hook}").text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"active": True}, "Owed 0 waiting for an attempt"),
        ({"active": False}, "Owed 0 kept until it is active"),
        ({"active": False, "disabled_reason": "Gone."}, "Owed 0 what it was owed is cancelled"),
    ],
)
def test_what_becomes_of_what_is_owed_is_said_as_it_is(visitor, change, fields, says):
    assert says in text_of(visitor.get(f"/webhooks/{change(**fields)}"))


def test_the_numbers_of_a_webhook_lead_to_as_many_deliveries(visitor, api, hook, deliverer):
    """Tests are not counted: they are not in the list that a number leads to, nor do they come into it live."""
    api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})
    api.publish(2)
    for claimed in deliverer.claim():
        deliverer.answer(claimed)
    for path in ("/webhooks", f"/webhooks/{hook['id']}"):
        page = html.unescape(visitor.get(path).text)
        urls = re.findall(r'href="(/deliveries\?[^"]*state=(?:succeeded|failed)[^"]*)"', page)
        listed = [visitor.get(url).text for url in urls]
        assert [len(re.findall('<tr id="dlv_', text)) for text in listed] == [2, 0]
        assert all(re.search(r'data-live-url="[^"]*test=false', text) for text in listed)
        assert all('name="test" value="false"' in text for text in listed)  # so that another filter keeps it
    assert len(re.findall('<tr id="dlv_', visitor.get("/deliveries?test=true").text)) == 1
    assert len(re.findall('<tr id="dlv_', visitor.get("/deliveries").text)) == 3
