"""A model of delivering: anything happens in any order, on both databases, and nothing is lost or stranded."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, select

from sender.models import Attempt, Delivery, Event, Webhook, db
from sender.services import deliveries, events, queries, retention, webhooks
from sender.services.deliveries import Rules, release
from sender.services.events import EventDraft
from shared import clock
from shared.database import writing_connection
from shared.errors import Conflict
from tests.sender.deliverer import Deliverer

FINISHED = ("succeeded", "failed", "cancelled")


class Model(RuleBasedStateMachine):
    """Workers that claim, answer, crash and come back; people who publish, pause, cancel, resend and delete."""

    app = None
    sink = None

    def __init__(self):
        super().__init__()
        self.context = self.app.app_context()
        self.context.push()
        tools = self.app.extensions["hookloop_sender"]
        self.deliverer = Deliverer(
            db.engine, tools.vault, Rules(schedule=(5.0, 300.0, 1800.0), disable_after=timedelta(days=5))
        )
        self.tools = tools
        self.claims, self.lost, self.published, self.ended, self.owed = [], [], 0, {}, set()
        self.patch = mock.patch.object(clock, "now", self._now)
        self.patch.start()
        with writing_connection(db.engine) as connection:
            for table in (Attempt, Delivery, Event, Webhook):
                connection.execute(delete(table))
        for number in range(2):
            draft = webhooks.WebhookDraft(
                f"Hook {number}", self.sink.url(), ["*"], True, "manual", "standard", "standard", {}
            )
            webhooks.create(tools, draft)
        self.hooks = [webhook.id for webhook in queries.list_webhooks(queries.WebhookFilter(), 10, None).items]

    def _now(self):
        return self.deliverer.now

    def teardown(self):
        """Whatever happened, once everything is well again all that is owed is made."""
        try:
            self._finish()
        finally:
            self.patch.stop()
            db.session.remove()
            self.context.pop()

    def _finish(self):
        webhooks.apply("activate", self.hooks)
        for _ in range(500):
            self.deliverer.sweep()
            claims = self.deliverer.claim()
            for claimed in claims:
                self.deliverer.answer(claimed)
            if not claims and not self._unfinished():
                break
            self.deliverer.wait(seconds=61)
            if not claims:
                self.deliverer.wait(minutes=10)
        assert self._unfinished() == [], "each owed delivery is made in the end"
        self.nothing_is_lost()

    def _row(self, webhook_id):
        return self.deliverer.webhook(webhook_id)

    def _rows(self):
        with db.engine.connect() as connection:
            return list(connection.execute(select(Delivery.__table__).order_by(Delivery.id)))

    def _unfinished(self):
        return [row for row in self._rows() if row.state not in FINISHED]

    @rule(count=st.integers(1, 4))
    def publish(self, count):
        for _ in range(count):
            events.publish(self.tools, EventDraft("payment_received", {"number": self.published}))
            self.published += 1

    @rule(limit=st.integers(1, 5))
    def claim(self, limit):
        self.claims += self.deliverer.claim(limit)

    @precondition(lambda self: self.claims)
    @rule(status=st.sampled_from([200, 200, 200, 500, 503, 429, 404, None]), pick=st.integers(0, 100))
    def answer(self, status, pick):
        claimed = self.claims.pop(pick % len(self.claims))
        self.deliverer.answer(claimed, status, **({"Retry_After": "30"} if status == 429 else {}))

    @precondition(lambda self: self.claims)
    @rule()
    def crash(self):
        self.lost += self.claims
        self.claims = []

    @precondition(lambda self: self.lost)
    @rule(status=st.sampled_from([200, 500]), pick=st.integers(0, 100))
    def answer_late(self, status, pick):
        self.deliverer.answer(self.lost.pop(pick % len(self.lost)), status)

    @precondition(lambda self: self.claims)
    @rule()
    def stop_gracefully(self):
        with writing_connection(db.engine) as connection:
            release(connection, self.claims, self.deliverer.now)
        self.claims = []

    @rule(seconds=st.sampled_from([1, 6, 61, 600, 7200]))
    def wait(self, seconds):
        self.deliverer.wait(seconds=seconds)

    @rule()
    def sweep(self):
        self.deliverer.sweep()

    @rule(hook=st.integers(0, 1), verb=st.sampled_from(["pause", "activate"]))
    def switch(self, hook, verb):
        webhooks.apply(verb, [self.hooks[hook]])

    @rule(hook=st.integers(0, 1))
    def answer_410(self, hook):
        mine = [claimed for claimed in self.claims if claimed.webhook_id == self.hooks[hook]]
        if mine:
            self.claims.remove(mine[0])
            self.deliverer.answer(mine[0], 410)

    @rule(minutes=st.integers(1, 300))
    def prune(self, minutes):
        retention.prune(db.engine, self.deliverer.now - timedelta(minutes=minutes))

    @rule(pick=st.integers(0, 100), verb=st.sampled_from([deliveries.cancel, deliveries.resend]))
    def change_one(self, pick, verb):
        rows = self._rows()
        if rows:
            with contextlib.suppress(Conflict):
                verb(rows[pick % len(rows)].id)

    @invariant()
    def nothing_is_lost(self):
        rows = self._rows()
        with db.engine.connect() as connection:
            numbers = list(
                connection.execute(
                    select(Attempt.delivery_id, Attempt.number).order_by(Attempt.delivery_id, Attempt.number)
                )
            )
        for row in rows:
            mine = [number for delivery_id, number in numbers if delivery_id == row.id]
            assert mine == list(range(1, row.attempt_count + 1)), "attempts are neither lost nor renumbered"
            if row.state in FINISHED:
                kept = self.ended.setdefault(row.id, (row.state, row.reason, row.finished_at))
                assert kept == (row.state, row.reason, row.finished_at), "what is finished never changes"
        assert self.owed <= {row.id for row in rows}, "what is owed never vanishes"
        self.owed = {row.id for row in rows if row.state not in FINISHED}


def test_anything_in_any_order_loses_nothing(app, sink):
    machine = type("ModelOnThisDatabase", (Model,), {"app": app, "sink": sink})
    run_state_machine_as_test(machine, settings=settings(max_examples=25, stateful_step_count=40, deadline=None))
