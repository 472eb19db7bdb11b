"""What the pages say about a webhook that rests, fails or was switched off, and when nobody delivers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from sender.models import Webhook, WorkerProcess, db
from shared import clock
from shared.database import writing_connection
from tests.sender.visitor import text_of


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
    assert "rests until" in text_of(visitor.get("/webhooks"))
    page = text_of(visitor.get(f"/webhooks/{hook}"))
    assert "the circuit breaker is open" in page
    assert "After 7 failed attempts in a row" in page
    assert "Resting" in page


def test_one_that_asked_to_wait_says_so(visitor, change):
    hook = change(failure_count=1, blocked_until=clock.now() + timedelta(hours=1), blocked_reason="retry_after")
    assert "The endpoint asked to wait" in text_of(visitor.get(f"/webhooks/{hook}"))


def test_a_warning_stands_on_both_pages(visitor, change):
    long_ago = clock.now() - timedelta(days=3)
    hook = change(failure_count=20, failing_since=long_ago, warned_at=clock.now())
    assert "Billing has been failing for long" in text_of(visitor.get("/webhooks"))
    assert "This webhook has been failing for long" in text_of(visitor.get(f"/webhooks/{hook}"))


def test_a_disabled_webhook_says_why_and_can_be_activated(visitor, change, api):
    hook = change(active=False, disabled_reason="It was failing for 5 days.", missed_since=clock.now())
    assert "Billing was switched off It was failing for 5 days." in text_of(visitor.get("/webhooks"))
    assert "Hookloop switched this webhook off" in text_of(visitor.get(f"/webhooks/{hook}"))
    offered = visitor.post(f"/webhooks/{hook}/activate")
    assert "What it missed since it began to fail can be replayed" in text_of(offered)
    assert f'<option value="{hook}" selected>' in offered.text
    assert api("GET", f"/api/v1/webhooks/{hook}")[1]["state"] == "active"


def test_all_is_well_says_nothing(visitor, change):
    hook = change(failure_count=0)
    page = visitor.get(f"/webhooks/{hook}").text
    assert 'class="notice' not in page
    assert "rests until" not in visitor.get("/webhooks").text


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
    assert told["blocked_until"] == clock.rfc3339(soon)
