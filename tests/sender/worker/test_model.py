"""A model of delivering: anything happens in any order, on both databases, and nothing is lost or stranded."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from sender.models import Attempt, Delivery, Event, Webhook, db
from sender.services import deliveries, events, retention, webhooks
from sender.services.deliveries import Rules, next_due, release
from sender.services.events import EventDraft
from shared import clock
from shared.database import writing_connection
from shared.errors import Conflict
from tests.sender.deliverer import LEASE, Deliverer

FINISHED = ("succeeded", "failed", "cancelled")
RULES = Rules(schedule=(5.0, 300.0, 1800.0), disable_after=timedelta(days=5))
# When what holds a delivery ends at the latest, by itself.
RETRIED = timedelta(hours=24)  # the longest Retry-After; the schedule has no longer wait
LEASED = timedelta(seconds=LEASE)
RESTS = {"breaker": timedelta(minutes=10), "retry_after": timedelta(hours=24), "probing": LEASED}

STATUSES = st.sampled_from([200, 200, 200, 500, 503, 503, 429, 404, None])
RETRY_AFTER = st.one_of(
    st.none(),
    st.sampled_from(["30", "0", "-1", "7200", "1.5", "soon", "9" * 400, "\u00b2", "", " 30 ", "30, 60"]),
    st.sampled_from(
        ["Wed, 21 Oct 2015 07:28:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359", "Fri, 32 Foo 2026 25:61:00 GMT"]
    ),
    st.sampled_from(["Mon, 01 Jan 2040 00:00:00 +99999999999999999999", "Mon, 01 Jan 0001 00:00:00 +2359"]),
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30),
)


class Model(RuleBasedStateMachine):
    """Workers that claim, answer, crash and come back; people who publish, pause, cancel, retry, resend and delete.

    No rule has a precondition: what is drawn would depend on the order of rows, which databases do not promise.
    """

    app = None
    sink = None

    def __init__(self):
        super().__init__()
        self.context = self.app.app_context()
        self.context.push()
        self.tools = self.app.extensions["hookloop_sender"]
        self.deliverer = Deliverer(db.engine, self.tools.vault, RULES)
        self.claims, self.lost, self.published, self.ended, self.owed = [], [], 0, {}, set()
        self.paused = set()
        self.patch = mock.patch.object(clock, "now", self._now)
        self.patch.start()
        with writing_connection(db.engine) as connection:
            for table in (Attempt, Delivery, Event, Webhook):
                connection.execute(delete(table))
        self.hooks = [self._register() for _ in range(2)]

    def _now(self):
        return self.deliverer.now

    def _register(self):
        draft = webhooks.WebhookDraft("Hook", self.sink.url(), ["*"], True, "manual", "standard", "standard", {})
        return webhooks.create(self.tools, draft).id

    def teardown(self):
        """Whatever happened, once all endpoints are well and nobody pauses any more, all that is owed is made."""
        try:
            self._finish()
        finally:
            self.patch.stop()
            db.session.remove()
            self.context.pop()

    def _finish(self):
        """Go on as a worker does, from one moment that it waits for to the next; rests and leases end by themselves."""
        if self.paused:
            webhooks.apply("activate", sorted(self.paused))
            self.paused.clear()
        while self._unfinished():
            rest_ends_at = self._sweep()
            claims = self.deliverer.claim()
            self.deliverer.record(*((claimed, 200) for claimed in claims))
            self.all_that_is_owed_is_due_or_held_for_a_reason_that_ends()
            if not claims:
                self._sweep()  # the claim may have put aside what an ended webhook is owed
                with db.engine.connect() as connection:
                    moments = [next_due(connection, self.deliverer.now), rest_ends_at]
                moments = [moment for moment in moments if moment is not None]
                assert moments or not self._unfinished(), "each owed delivery is made in the end"
                self.deliverer.now = min(moments, default=self.deliverer.now)
        self.nothing_is_lost()

    def _sweep(self):
        """Sweep, and check that it does what it is to do; return when the next rest ends."""
        held = [row for row in self._unfinished() if row.next_attempt_at is None]
        rest_ends_at = self.deliverer.sweep()
        rows = {row.id: row for row in self._rows()}
        for webhook_id in {row.webhook_id for row in held}:
            mine = [rows[row.id] for row in held if row.webhook_id == webhook_id]
            going = [row for row in mine if row.next_attempt_at is not None]
            hook = self.deliverer.webhook(webhook_id)
            if _has_ended(hook):
                assert {row.state for row in mine} == {"cancelled"}, "an ended webhook is owed nothing"
            elif hook.active and hook.blocked_until is None:
                assert going == mine, "what may go is due"
            elif hook.active and hook.blocked_until <= self.deliverer.now:
                assert len(going) == 1, "after a rest one probes"
            else:
                assert going == [], "what is paused or rests is held"
        return rest_ends_at

    def _rows(self):
        with db.engine.connect() as connection:
            return list(connection.execute(select(Delivery.__table__).order_by(Delivery.id)))

    def _row(self, delivery_id):
        return next((row for row in self._rows() if row.id == delivery_id), None)

    def _unfinished(self):
        return [row for row in self._rows() if row.state not in FINISHED]

    @rule(count=st.integers(1, 4))
    def publish(self, count):
        wanting = sum(self.deliverer.webhook(hook).active for hook in self.hooks)
        before = len(self._rows())
        for _ in range(count):
            events.publish(self.tools, EventDraft("payment_received", {"number": self.published}))
            self.published += 1
        assert len(self._rows()) == before + count * wanting

    @initialize(count=st.integers(1, 6))
    def begin(self, count):
        self.publish(count)
        self.claim(count)

    @rule(limit=st.integers(1, 5))
    def claim(self, limit):
        self.claims += self.deliverer.claim(limit, ahead=limit, holding=self.claims)

    @rule(status=STATUSES, after=RETRY_AFTER, pick=st.integers(0, 100), times=st.sampled_from([1, 1, 2]))
    def answer(self, status, after, pick, times):
        """An answer is recorded, for a second time if the worker was not told that it is."""
        if not self.claims:
            return
        claimed = self.claims.pop(pick % len(self.claims))
        before = self.deliverer.webhook(claimed.webhook_id)
        attempts = len(self.deliverer.attempts(claimed.delivery_id))
        self.deliverer.record((claimed, status), times=times, **_asking(after))
        assert len(self.deliverer.attempts(claimed.delivery_id)) <= attempts + 1, "an attempt is recorded once"
        if before.asked_until and self.deliverer.began[claimed.key] < before.asked_at:
            self._keeps_waiting(before)

    def _keeps_waiting(self, before):
        """Check that what the endpoint asked for is not ended by an attempt that began before."""
        blocked_until = self.deliverer.webhook(before.id).blocked_until
        over = before.asked_until <= self.deliverer.now
        assert over or blocked_until >= before.asked_until, "only an attempt that began later ends the wait"

    @rule(count=st.integers(3, 6), after=RETRY_AFTER, seconds=st.sampled_from([0, 6, 31, 31, 601]))
    def outage(self, count, after, seconds):
        """All that is due and more fails: enough for a breaker to open; a while later a worker looks again."""
        self.publish(count)
        claims = self.deliverer.claim(20)
        self.deliverer.record(*((claimed, 503) for claimed in claims), **_asking(after))
        self.deliverer.wait(seconds=seconds)
        self._sweep()
        self.claim(20)

    @rule()
    def crash(self):
        self.lost += self.claims
        self.claims = []

    @rule(limit=st.integers(1, 20), status=STATUSES, after=RETRY_AFTER, pick=st.integers(0, 100), stops=st.booleans())
    def be_overtaken(self, limit, status, after, pick, stops):
        """A worker hangs until its leases have ended, another claims the same, and then it answers or is stopped."""
        self.publish(1)
        self.claim(limit)
        self.crash()
        self.deliverer.wait(seconds=LEASE + 1)
        self._sweep()
        self.claim(20)
        if stops:
            self.stop_gracefully(hung=True)
        else:
            self.answer_late(status, after, pick)

    @rule(status=STATUSES, after=RETRY_AFTER, pick=st.integers(0, 100))
    def answer_late(self, status, after, pick):
        """The answer of a lost worker comes after all, if possible for a delivery that is another's by now."""
        if not self.lost:
            return
        claims = {row.id: row.claim_id for row in self._rows()}
        foreign = [one for one in self.lost if claims.get(one.delivery_id, one.claim_id) != one.claim_id]
        claimed = (foreign or self.lost)[pick % len(foreign or self.lost)]
        self.lost.remove(claimed)
        before = self._row(claimed.delivery_id)
        self.deliverer.answer(claimed, status, **_asking(after))
        if before is not None and before.claim_id != claimed.claim_id and self._is_live(before):
            expected = before._asdict() | {"attempt_count": before.attempt_count + 1}
            assert self._row(claimed.delivery_id)._asdict() == expected, "a worker that was fenced out moves nothing"

    def _is_live(self, row):
        """Whether a late 410 cannot have changed it by ending its webhook."""
        return row.state in FINISHED or not _has_ended(self.deliverer.webhook(row.webhook_id))

    @rule(hung=st.booleans())
    def stop_gracefully(self, hung):
        """Workers give back what they hold; those that `hung` have lost it to others, who keep it."""
        mine = self.lost if hung else self.claims
        ids = {claimed.claim_id for claimed in mine}
        others = [row for row in self._rows() if row.claim_id not in ids]
        with writing_connection(db.engine) as connection:
            release(connection, mine, self.deliverer.now)
        mine.clear()
        assert {*others} <= {*self._rows()}, "only its holder gives a claim back"

    @rule(seconds=st.sampled_from([1, 6, 31, 61, 600, 7200]))
    def wait(self, seconds):
        self.deliverer.wait(seconds=seconds)

    @rule()
    def sweep(self):
        self._sweep()

    @rule(hook=st.integers(0, 1), verb=st.sampled_from(["pause", "activate"]))
    def switch(self, hook, verb):
        webhooks.apply(verb, [self.hooks[hook]])
        (self.paused.add if verb == "pause" else self.paused.discard)(self.hooks[hook])

    @rule(hook=st.integers(0, 1))
    def delete(self, hook):
        """Another is registered in its place."""
        webhooks.apply("delete", [self.hooks[hook]])
        self.paused.discard(self.hooks[hook])
        self.hooks[hook] = self._register()

    @rule(hook=st.integers(0, 1))
    def answer_410(self, hook):
        mine = [claimed for claimed in self.claims if claimed.webhook_id == self.hooks[hook]]
        if mine:
            self.claims.remove(mine[0])
            self.deliverer.answer(mine[0], 410)

    @rule(minutes=st.integers(1, 300))
    def prune(self, minutes):
        retention.prune(db.engine, self.deliverer.now - timedelta(minutes=minutes))

    @rule(pick=st.integers(0, 100), verb=st.sampled_from([deliveries.cancel, deliveries.resend, deliveries.retry]))
    def change_one(self, pick, verb):
        rows = self._rows()
        if rows:
            with contextlib.suppress(Conflict):
                verb(rows[pick % len(rows)].id)

    @invariant()
    def all_that_is_owed_is_due_or_held_for_a_reason_that_ends(self):
        now, owed = self.deliverer.now, self._unfinished()
        hooks = {webhook_id: self.deliverer.webhook(webhook_id) for webhook_id in {row.webhook_id for row in owed}}
        for row in owed:
            hook = hooks[row.webhook_id]
            if row.state == "sending":
                assert row.next_attempt_at <= now + LEASED, "a lease ends"
            elif row.next_attempt_at is not None:
                assert row.next_attempt_at <= now + RETRIED, "a retry comes"
            elif not (hook.active or _has_ended(hook)):
                assert row.webhook_id in self.paused, "only a person pauses"
        for hook in hooks.values():
            if hook.blocked_until is not None:
                assert hook.blocked_until <= now + RESTS[hook.blocked_reason], "a rest ends"

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


def _asking(after):
    return {} if after is None else {"Retry_After": after}


def _has_ended(hook):
    return hook.deleted_at is not None or hook.disabled_reason is not None


def test_anything_in_any_order_loses_nothing(app, sink):
    machine = type("ModelOnThisDatabase", (Model,), {"app": app, "sink": sink})
    run_state_machine_as_test(machine, settings=settings(max_examples=25, stateful_step_count=30, deadline=None))
