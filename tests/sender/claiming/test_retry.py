"""Retry now: what waits for its next attempt is due at once, unless its webhook takes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sender.services.deliveries import owed
from shared import clock, moments


@pytest.fixture
def waiting(api, hook, deliverer):
    """Return the path of a delivery that has failed once and waits an hour for its next attempt."""
    api.publish()
    deliverer.fail(1)
    (row,) = deliverer.deliveries(hook["id"])
    deliverer.set_delivery(row.id, next_attempt_at=clock.now() + timedelta(hours=1))
    return f"/api/v1/deliveries/{row.id}"


def test_a_retry_is_made_at_once_and_counts_as_any_other(api, sink, waiting, worker):
    status, retried = api("POST", f"{waiting}/retry")
    assert (status, retried["state"]) == (200, "pending")
    (delivery,) = api.finished(1)
    assert (delivery["state"], len(delivery["attempts"])) == ("succeeded", 2)


def test_one_that_is_due_keeps_its_place(api, hook, deliverer):
    api.publish()
    (row,) = deliverer.deliveries(hook["id"])
    assert api("POST", f"/api/v1/deliveries/{row.id}/retry")[0] == 200
    assert deliverer.deliveries(hook["id"])[0].next_attempt_at == row.next_attempt_at


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"active": False}, "Billing is paused; activate it first."),
        ({"active": False, "disabled_reason": "410"}, "Billing is disabled; activate it first."),
        (
            {"blocked_until": clock.now() + timedelta(days=1), "blocked_reason": "breaker"},
            "Billing is left alone until {}; a test that succeeds ends that at once.",
        ),
    ],
)
def test_what_its_webhook_would_not_take_is_refused_and_stays_as_it_is(
    api, hook, deliverer, visitor, waiting, changes, words
):
    deliverer.set(hook["id"], **changes)
    before = deliverer.deliveries(hook["id"])
    words = words.format(moments.rfc3339(changes.get("blocked_until", clock.now())))
    status, problem = api("POST", f"{waiting}/retry")
    assert (status, problem["detail"]) == (409, words)
    assert words in visitor.post(f"{waiting.removeprefix('/api/v1')}/retry").text
    assert deliverer.deliveries(hook["id"]) == before


def test_a_rest_that_is_over_lets_it_probe(api, hook, deliverer, waiting):
    deliverer.set(hook["id"], blocked_until=clock.now() - timedelta(seconds=1), blocked_reason="breaker")
    assert api("POST", f"{waiting}/retry")[0] == 200
    assert len(deliverer.claim()) == 1


def test_what_is_under_way_finished_or_unknown_is_not_retried(api, deliverer, waiting):
    api("POST", f"{waiting}/retry")
    (claimed,) = deliverer.claim()
    assert api("POST", f"{waiting}/retry")[1]["detail"].startswith("An attempt is under way right now")
    deliverer.answer(claimed)
    status, problem = api("POST", f"{waiting}/retry")
    assert (status, problem["detail"]) == (409, "This delivery has already succeeded.")
    assert api("POST", f"{waiting}0/retry")[0] == 404


def test_the_page_offers_it_while_it_would_change_something(visitor, hook, deliverer, waiting):
    page = waiting.removeprefix("/api/v1")
    assert "<span>Retry now</span>" in visitor.get(page).text
    assert "The next attempt is due now." in visitor.post(f"{page}/retry").text
    assert "Retry now" not in visitor.get(page).text
    deliverer.set_delivery(page.rpartition("/")[2], next_attempt_at=clock.now() + timedelta(hours=1))
    deliverer.set(hook["id"], active=False)
    assert "Retry now" not in visitor.get(page).text
    rest_ends_first = {"blocked_until": clock.now() + timedelta(minutes=1), "blocked_reason": "breaker"}
    deliverer.set(hook["id"], active=True, **rest_ends_first)
    assert "Retry now" not in visitor.get(page).text


@pytest.fixture
def several(api, hook, deliverer):
    """Have a webhook wait an hour for each of three deliveries, and be owed one that is due; return its path."""
    api.publish(3)
    deliverer.fail(3)
    for row in deliverer.deliveries(hook["id"]):
        deliverer.set_delivery(row.id, next_attempt_at=clock.now() + timedelta(hours=1))
    api.publish()
    return f"/api/v1/webhooks/{hook['id']}"


def test_all_that_wait_are_retried_at_once(api, sink, several, worker, monkeypatch):
    monkeypatch.setattr(owed, "AT_ONCE", 2)  # in parts
    assert api("POST", f"{several}/retry") == (200, {"deliveries": 3})
    assert [len(one["attempts"]) for one in api.finished(4)] == [1, 2, 2, 2]
    assert api("POST", f"{several}/retry") == (200, {"deliveries": 0})
    assert api("POST", f"{several}0/retry")[0] == 404


def test_the_page_of_a_webhook_offers_to_retry_all_while_any_wait(api, visitor, hook, deliverer, several):
    page = several.removeprefix("/api/v1")
    assert "<span>Retry all now</span>" in visitor.get(page).text
    deliverer.set(hook["id"], blocked_until=clock.now() + timedelta(days=1), blocked_reason="breaker")
    assert "Retry all now" not in visitor.get(page).text
    assert "a test that succeeds ends that at once" in visitor.post(f"{page}/retry").text
    assert api("POST", f"{several}/retry")[0] == 409
    deliverer.set(hook["id"], blocked_until=None, blocked_reason=None)
    assert "3 deliveries are due now." in visitor.post(f"{page}/retry").text
    assert "Retry all now" not in visitor.get(page).text
