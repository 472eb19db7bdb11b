"""Rows are locked in one order: webhooks by their ids, then deliveries (PostgreSQL; SQLite locks no rows)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sender.models import db
from sender.services import webhooks
from sender.services.deliveries import webhook_health
from shared.database import writing_connection
from tests.postgresql import wait_until_one_waits_for_a_lock


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
@pytest.mark.parametrize("verb", ["pause", "activate", "delete"])
def test_bulk_verbs_and_workers_lock_webhooks_in_the_same_order(app, api, sink, verb):
    """A worker with the first webhook gets the second while the verb, told the newest first, waits for the first."""
    older, newer = sorted(api.webhook(sink.url(), active=verb == "pause")["id"] for _ in range(2))
    with app.app_context():
        engine = db.engine

    def apply():
        with app.app_context():
            return [webhook.id for webhook in webhooks.apply(verb, [newer, older])]

    with ThreadPoolExecutor(1) as person:
        with writing_connection(engine) as connection:
            webhook_health.lock(connection, [older])
            done = person.submit(apply)
            wait_until_one_waits_for_a_lock(engine)
            assert list(webhook_health.lock(connection, [newer])) == [newer]
        assert done.result() == [older, newer]
