"""What the pages say of a delivery that cannot be sent now, or not again, because of its webhook."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared import clock
from tests.visitor import text_of


@pytest.fixture
def owed(api, hook, deliverer):
    """Let the webhook be in a state, and return the id of what it is owed: held, or due at a moment."""

    def owed(next_attempt_at=None, **webhook):
        api.publish()
        (row,) = deliverer.deliveries(hook["id"])
        deliverer.set_delivery(row.id, next_attempt_at=next_attempt_at)
        if webhook:
            deliverer.set(hook["id"], **webhook)
        return row.id

    return owed


@pytest.mark.parametrize(
    ("reason", "why"), [("breaker", "The webhook rests"), ("retry_after", "The endpoint asked to wait")]
)
def test_what_is_held_by_a_rest_says_when_it_ends(visitor, owed, hook, reason, why):
    until = clock.now() + timedelta(hours=2)
    delivery = owed(blocked_until=until, blocked_reason=reason, failure_count=5, failing_since=clock.now())
    page, listed = visitor.read(f"/deliveries/{delivery}"), visitor.read("/deliveries")
    moment = until.strftime("%Y-%m-%d %H:%M:%S UTC")
    assert f"{why}: one delivery probes in 2 h , at {moment}, and when it succeeds the others follow." in page
    assert "held, probe in 2 h" in listed
    for path in ("/deliveries", f"/deliveries/{delivery}", "/webhooks", f"/webhooks/{hook['id']}"):
        assert 'data-relative="coming">in 2 h<' in visitor.get(path).text


def test_a_retry_that_is_due_before_its_webhooks_rest_is_over_waits_for_that(visitor, owed):
    now = clock.now()
    resting = {"blocked_until": now + timedelta(hours=2), "blocked_reason": "breaker", "failure_count": 5}
    owed(now + timedelta(hours=1), **resting)
    assert "held, probe in 2 h" in visitor.read("/deliveries")


def test_a_retry_that_is_due_after_its_webhooks_rest_says_when(visitor, owed):
    now = clock.now()
    resting = {"blocked_until": now + timedelta(hours=2), "blocked_reason": "breaker", "failure_count": 5}
    delivery = owed(now + timedelta(hours=3), **resting)
    for path in ("/deliveries", f"/deliveries/{delivery}"):
        assert "in 3 h" in visitor.read(path)
        assert "probe" not in visitor.read(path)
        assert 'data-relative="coming">in 3 h<' in visitor.get(path).text  # "in a moment" at last, not "just now"


def test_what_is_held_while_another_probes_says_so(visitor, owed):
    lease = clock.now() + timedelta(minutes=1)
    delivery = owed(blocked_until=lease, blocked_reason="probing", failure_count=5, failing_since=clock.now())
    assert "When the delivery that probes the webhook has succeeded." in visitor.read(f"/deliveries/{delivery}")
    assert "held for the probe" in visitor.read("/deliveries")


def test_what_is_held_by_a_pause_says_so(visitor, owed):
    delivery = owed(active=False)
    assert "When the webhook is active again: it is paused." in visitor.read(f"/deliveries/{delivery}")
    assert "held: paused" in visitor.read("/deliveries")


def test_what_is_held_and_may_be_sent_again_is_about_to_be(visitor, owed):
    delivery = owed()
    assert "as soon as there is a free place" in visitor.read(f"/deliveries/{delivery}")


@pytest.mark.parametrize(
    ("webhook", "says"),
    [
        ({"active": False}, "To resend it, activate its webhook , which is paused."),
        ({"active": False, "disabled_reason": "Gone."}, "To resend it, activate its webhook , which is disabled."),
        ({"active": False, "deleted_at": clock.now()}, "It cannot be resent: its webhook was deleted."),
    ],
)
def test_a_delivery_that_cannot_be_resent_says_why_and_offers_nothing(
    visitor, owed, api, hook, deliverer, webhook, says
):
    delivery = owed()
    assert api("POST", f"/api/v1/deliveries/{delivery}/cancel")[0] == 200
    offered = visitor.get(f"/deliveries/{delivery}")
    assert f'action="/deliveries/{delivery}/resend"' in offered.text
    deliverer.set(hook["id"], **webhook)
    refused = visitor.get(f"/deliveries/{delivery}")
    assert says in text_of(refused)
    assert f"/deliveries/{delivery}/resend" not in refused.text
    assert f"/deliveries/{delivery}/edit" not in refused.text


@pytest.mark.parametrize("webhook", [{}, {"active": False}, {"active": False, "deleted_at": clock.now()}])
def test_nothing_is_said_of_resending_while_a_delivery_is_being_sent(visitor, owed, deliverer, hook, webhook):
    delivery = owed(clock.now())
    deliverer.claim()
    deliverer.set(hook["id"], **{"active": True, **webhook})
    page = visitor.read(f"/deliveries/{delivery}")
    assert "Sending" in page
    assert "esen" not in page


def test_a_refusal_to_resend_names_the_webhook_as_it_is_written(visitor, owed, api, hook):
    delivery = owed()
    api("POST", f"/api/v1/deliveries/{delivery}/cancel")
    api("PATCH", f"/api/v1/webhooks/{hook['id']}", {"name": "Jo's \\ shop", "active": False})
    page = visitor.post(f"/deliveries/{delivery}/resend", follow=True)
    assert "Jo's \\ shop is paused; activate it first." in text_of(page)


def test_a_page_that_follows_a_delivery_hears_when_its_webhook_is_paused(visitor, owed, api, hook):
    delivery = owed()
    version = visitor.get(f"/deliveries/{delivery}/news").json["items"][0]["id"]
    assert visitor.get(f"/deliveries/{delivery}/news?after={version}").json["items"] == []
    api("PATCH", f"/api/v1/webhooks/{hook['id']}", {"active": False})
    (news,) = visitor.get(f"/deliveries/{delivery}/news?after={version}").json["items"]
    assert "it is paused" in news["html"]
