"""A worker outlives whatever an endpoint or a row makes of it, and nothing else waits for that."""

from __future__ import annotations

import importlib

import pytest
from sqlalchemy import update

from sender.core import retry
from sender.models import Webhook, db
from shared.database import writing_connection

UNRECORDABLE = 418
recording = importlib.import_module("sender.services.deliveries.record")  # the package has a function of this name


def of(hook, found):
    """The one delivery to a webhook."""
    (delivery,) = [one for one in found if one["webhook_id"] == hook["id"]]
    return delivery


def publish(api, count=1):
    for _ in range(count):
        assert api("POST", "/api/v1/events", {"type": "payment_received", "payload": {}})[0] == 202


def stumble(monkeypatch, module, name):
    """Have a function of `module` fail for each answer with the status UNRECORDABLE."""
    real = getattr(module, name)

    def fail(first, *rest):
        response = getattr(first, "response", None)
        if UNRECORDABLE in (*rest, response and response.status):
            raise ZeroDivisionError
        return real(first, *rest)

    monkeypatch.setattr(module, name, fail)


@pytest.mark.parametrize(
    ("module", "name"), [(retry, "decide"), (recording, "mask")], ids=["recording", "writing down"]
)
def test_a_result_that_cannot_be_recorded_counts_as_our_failure_and_holds_up_no_other(
    api, sink, worker, monkeypatch, module, name
):
    stumble(monkeypatch, module, name)
    poison, healthy = api.webhook(sink.url(UNRECORDABLE)), api.webhook(sink.url())
    publish(api)
    found = api.finished(2)
    assert of(healthy, found)["state"] == "succeeded"
    assert [attempt["outcome"] for attempt in of(healthy, found)["attempts"]] == ["succeeded"]
    failed = of(poison, found)
    assert failed["state"] == "failed"
    assert [attempt["number"] for attempt in failed["attempts"]] == [1, 2]  # as the schedule says
    assert failed["attempts"][0]["outcome"] == "internal"
    assert "could not be recorded (ZeroDivisionError)" in failed["attempts"][0]["detail"]


def test_a_time_to_wait_that_no_clock_shows_stops_nothing(api, sink, worker):
    texts = [
        "Wed, 21 Oct 99999999999999999999 07:28:00 GMT",
        "Mon, 01 Jan 2040 00:00:00 +99999999999999999999",
    ]
    hooks = [api.webhook(sink.url(503, text)) for text in texts]
    healthy = api.webhook(sink.url())
    for hook in hooks:
        assert api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})[1]["state"] == "failed"
    publish(api)
    found = api.finished(5)
    assert of(healthy, found)["state"] == "succeeded"


def test_a_secret_of_another_installation_stops_only_its_webhook(app, api, sink, worker):
    stranger, healthy = api.webhook(sink.url()), api.webhook(sink.url())
    with app.app_context(), writing_connection(db.engine) as connection:
        connection.execute(update(Webhook).where(Webhook.id == stranger["id"]).values(encrypted_secret="gAAAAABl"))
    publish(api)
    found = api.finished(2)
    assert of(healthy, found)["state"] == "succeeded"
    assert "encrypted with another key" in of(stranger, found)["attempts"][0]["detail"]
