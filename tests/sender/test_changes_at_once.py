"""Changes of one webhook that come at the same time: none undoes what another has written."""

from __future__ import annotations


def test_a_410_is_not_undone_by_a_change_of_something_else(api, sink, deliverer, before_its_turn):
    path = f"/api/v1/webhooks/{api.webhook(sink.url())['id']}"
    api("POST", "/api/v1/events", {"type": "payment_received", "payload": {}})
    (claimed,) = deliverer.claim()
    before_its_turn(lambda: deliverer.answer(claimed, 410))
    assert api("PATCH", path, {"name": "Renamed"})[0] == 200
    now = api("GET", path)[1]
    assert (now["name"], now["state"], now["active"]) == ("Renamed", "disabled", False)
    assert "410" in now["disabled_reason"]


def test_two_changes_of_different_fields_both_stay(api, sink, before_its_turn):
    path = f"/api/v1/webhooks/{api.webhook(sink.url())['id']}"
    before_its_turn(lambda: api("PATCH", path, {"rate_limit": 5, "headers": {"X-Team": "billing"}}))
    assert api("PATCH", path, {"name": "Renamed", "integration": "crm"})[0] == 200
    now = api("GET", path)[1]
    assert (now["name"], now["integration"]) == ("Renamed", "crm")
    assert (now["rate_limit"], now["headers"]) == (5, {"X-Team": "billing"})


def test_what_is_wrong_is_judged_together_with_what_came_before(api, sink, before_its_turn):
    """Each change is right by itself; the second finds that the signature has taken its header's name."""
    path = f"/api/v1/webhooks/{api.webhook(sink.url())['id']}"
    before_its_turn(lambda: api("PATCH", path, {"signature": {"scheme": "token", "header": "X-Key"}}))
    status, refused = api("PATCH", path, {"headers": {"X-Key": "mine"}})
    assert (status, refused["errors"][0]["field"]) == (422, "headers")
    assert api("GET", path)[1]["headers"] == {}
