"""What is claimed and has not begun is not sent by settings that were changed meanwhile."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import standardwebhooks

from sender import sending
from sender.services.context import CHANGES
from shared import changes
from tests.sender.working import working

COUNT = 4


@pytest.fixture
def looked(monkeypatch):
    """Is notified each time that a worker has looked for changes."""
    looked, real = threading.Condition(), sending.Revisions.look

    def look(*given):
        real(*given)
        with looked:
            looked.notify_all()

    monkeypatch.setattr(sending.Revisions, "look", look)
    return looked


@pytest.fixture
def one_thread(engine, context, monkeypatch, looked):
    """A worker that begins with one attempt at a time, also while that hangs, and then gives nothing back for it."""
    monkeypatch.setattr(sending, "SPARE", 0)
    monkeypatch.setattr(sending, "HANGING_AFTER", timedelta(hours=1))
    with working(engine, context, grace=0, worker_threads=1) as worker:
        yield worker


def claim_all(api, sink, hook):
    """Have a worker hold all deliveries of a webhook, the first one begun and not answered."""
    events = [{"type": "payment_received", "payload": {"number": number}} for number in range(COUNT)]
    assert api("POST", "/api/v1/events/batch", {"events": events})[0] == 202
    sink.wait_for(1)
    assert len(api("GET", f"/api/v1/deliveries?webhook_id={hook['id']}&state=sending")[1]["items"]) == COUNT


def change(api, worker, looked, method, path, body=None):
    """Change a webhook, and return when the worker, which has claims of no other, has seen it."""
    assert api(method, path, body)[0] in (200, 204)
    with looked:
        assert looked.wait_for(lambda: not any(map(worker._revisions.fit, worker._under_way.claims())), timeout=30)


def verifies(secret, request):
    headers, body = request
    given = {name.lower(): value for name, value in headers}
    try:
        standardwebhooks.Webhook(secret).verify(body, given)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


@pytest.mark.parametrize("ended", ["rotate", "revoke", "change"])
def test_a_secret_that_was_ended_signs_nothing_that_has_not_begun(api, sink, gate, one_thread, looked, ended):
    hook = api.webhook(sink.url())
    path = f"/api/v1/webhooks/{hook['id']}"
    old = api("GET", f"{path}/secret")[1]["secret"]
    if ended == "revoke":
        assert api("POST", f"{path}/secret/rotate", {})[0] == 200
    claim_all(api, sink, hook)
    if ended == "rotate":
        change(api, one_thread, looked, "POST", f"{path}/secret/rotate", {"overlap_seconds": 0})
    elif ended == "revoke":
        change(api, one_thread, looked, "DELETE", f"{path}/secret/old")
    else:
        change(api, one_thread, looked, "PATCH", path, {"secret": "whsec_" + "QUJD" * 12})
    new = api("GET", f"{path}/secret")[1]["secret"]
    gate.open()
    assert {one["state"] for one in api.finished(COUNT)} == {"succeeded"}
    assert [verifies(old, one) for one in sink.requests] == [True] + [False] * (COUNT - 1)
    assert all(verifies(new, one) for one in sink.requests[1:])


def test_what_has_not_begun_goes_to_the_new_url(api, sink, gate, one_thread, looked):
    hook = api.webhook(sink.url(410))
    claim_all(api, sink, hook)
    change(api, one_thread, looked, "PATCH", f"/api/v1/webhooks/{hook['id']}", {"url": sink.url()})
    gate.open()
    statuses = [attempt["response"]["status"] for one in api.finished(COUNT) for attempt in one["attempts"]]
    assert sorted(statuses) == [200] * COUNT + [410], "of the old URL only the answer to what had begun"


@pytest.mark.parametrize(
    ("method", "body", "cancelled"), [("PATCH", {"active": False}, 0), ("DELETE", None, COUNT - 1)]
)
def test_nothing_more_begins_of_a_webhook_that_is_switched_off(
    api, sink, gate, one_thread, looked, method, body, cancelled
):
    hook = api.webhook(sink.url())
    claim_all(api, sink, hook)
    change(api, one_thread, looked, method, f"/api/v1/webhooks/{hook['id']}", body)
    gate.open()
    other = api.webhook(sink.url(), event_types=["customer_created"])
    assert api("POST", "/api/v1/events", {"type": "customer_created", "payload": {}})[0] == 202
    newest, *rest = api.finished(2 + cancelled)
    assert (newest["webhook_id"], newest["state"]) == (other["id"], "succeeded")
    assert sorted(one["state"] for one in rest) == ["cancelled"] * cancelled + ["succeeded"]
    assert len(sink.requests) == 2


def test_of_other_webhooks_nothing_is_given_back(api, sink, gate, one_thread, looked):
    hook, other = api.webhook(sink.url()), api.webhook(sink.url(), event_types=["customer_created"])
    claim_all(api, sink, hook)
    with looked:
        assert api("PATCH", f"/api/v1/webhooks/{other['id']}", {"name": "Another"})[0] == 200
        assert looked.wait(timeout=30)
    assert all(one_thread._revisions.fit(claim) for claim in one_thread._under_way.claims())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/secret/rotate", {"overlap_seconds": 0}),
        ("DELETE", "/secret/old", None),
        ("PATCH", "", {"secret": "whsec_" + "QUJD" * 12}),
        ("DELETE", "", None),
    ],
)
def test_workers_are_told_at_once_of_each_change(api, sink, monkeypatch, method, path, body):
    """Without being told they would find out at their next turn, when more may have begun."""
    hook = api.webhook(sink.url())
    assert api("POST", f"/api/v1/webhooks/{hook['id']}/secret/rotate", {})[0] == 200
    told = []
    monkeypatch.setattr(changes, "announce", lambda _transaction, channel: told.append(channel))
    assert api(method, f"/api/v1/webhooks/{hook['id']}{path}", body)[0] in (200, 204)
    assert told == [CHANGES]
