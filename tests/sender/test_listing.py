"""Lists of deliveries: the right rows whatever is asked for, each read from one index."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import insert, select

from sender.models import Delivery, Event, Webhook, db
from sender.services import queries, webhooks
from sender.services.listing import DeliveryFilter, conditions
from shared import ids

START = datetime(2026, 5, 1, tzinfo=UTC)
WEBHOOKS = ("whk_one", "whk_two")
TYPES = ("payment_received", "customer_created")
STATES = ("pending", "held", "sending", "succeeded", "failed", "cancelled")


@pytest.fixture
def rows(app):
    """Every combination, thrice; each a tenth of a millisecond after the last."""
    made = []
    for number, (state, slug, webhook) in enumerate(itertools.product(STATES, TYPES, WEBHOOKS * 3)):
        at = START + timedelta(microseconds=100 * number)
        unfinished = state in ("pending", "sending")
        made.append(
            {
                "id": ids.new("dlv", at),
                "event_id": f"evt_{slug}",
                "webhook_id": webhook,
                "event_type": slug,
                "state": "pending" if state == "held" else state,
                "test": number % 5 == 0,
                "created_at": at,
                "next_attempt_at": at if unfinished else None,
                "claim_id": "claim" if state == "sending" else None,
                "attempt_count": 0,
                "replay_id": "rpl_one" if number % 3 == 0 else None,
            }
        )
    shared = {"created_at": START, "updated_at": START}
    with app.app_context(), db.engine.begin() as connection:
        for webhook in WEBHOOKS:
            named = {"name": webhook, "url": "https://example.com", "integration": "manual", "body_format": "standard"}
            settings = {"event_types": ["*"], "active": True, "signature": {}, "encrypted_secret": ""}
            connection.execute(insert(Webhook), {"id": webhook, **named, **settings, **shared})
        for slug in TYPES:
            event = {"id": f"evt_{slug}", "type": slug, "payload": "{}", "test": False, "digest": ""}
            connection.execute(insert(Event), {**event, "created_at": START})
        connection.execute(insert(Delivery), made)
    return made


def _choices():
    moments = (None, START + timedelta(microseconds=1250))
    wanted = itertools.product(
        (None, WEBHOOKS[0], "whk_none"),
        (None, TYPES[0]),
        (None, "pending", "sending", "succeeded", "failed", "cancelled"),
        (None, f"evt_{TYPES[1]}"),
        (None, True),
        (None, "rpl_one"),
        moments,
        moments,
    )
    names = ("webhook_id", "event_type", "state", "event_id", "test", "replay_id", "since", "until")
    return [DeliveryFilter(**dict(zip(names, values, strict=True))) for values in wanted]


def _is_wanted(row, wanted):
    exact = ("webhook_id", "event_type", "state", "event_id", "test", "replay_id")
    return (
        all(getattr(wanted, name) in (None, row[name]) for name in exact)
        and (wanted.since is None or row["created_at"] >= wanted.since)
        and (wanted.until is None or row["created_at"] < wanted.until)
    )


def test_every_filter_gives_the_rows_it_asks_for_newest_first(app, rows):
    with app.app_context():
        for wanted in _choices():
            expected = sorted((row["id"] for row in rows if _is_wanted(row, wanted)), reverse=True)
            page = queries.list_deliveries(wanted, 200, None)
            assert [row.id for row in page.items] == expected, wanted


def test_a_span_may_begin_or_end_at_any_time(app, rows):
    for year, everything in ((1970, "since"), (9998, "until")):
        moment = datetime(year, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
        with app.app_context():
            found = {
                side: len(queries.list_deliveries(DeliveryFilter(**{side: moment}), 200, None).items)
                for side in ("since", "until")
            }
        assert found == {"since": 0, "until": 0, everything: len(rows)}


@pytest.mark.parametrize("state", ["bogus", "'", "x' OR '1'='1"])
def test_a_state_that_there_is_not_is_refused(api, visitor, rows, state):
    """It is not looked for, and never becomes a part of the statement."""
    for things in ("deliveries", "webhooks"):
        status, problem = api("GET", f"/api/v1/{things}?state={quote(state)}")
        assert (status, problem["errors"][0]["field"]) == (422, "state")
        page = visitor.get(f"/{things}?state={quote(state)}")
        assert page.status_code == 422
        assert "Choose one of" in page.text


def test_owed_is_what_is_pending_held_or_being_sent(app, rows):
    owed = [row for row in rows if row["webhook_id"] == WEBHOOKS[0] and row["state"] in ("pending", "sending")]
    with app.app_context():
        assert webhooks.count_owed(WEBHOOKS[0]) == len(owed) > 0


PLANS = [
    ({"event_id": "a", "state": "failed", "webhook_id": "a"}, "event", "event_id=?"),  # of one event or replay
    ({"event_id": "a", "test": True}, "event", "event_id=?"),
    ({"replay_id": "a", "state": "failed", "webhook_id": "a"}, "replay_state", "replay_id=? AND state=?"),
    ({"replay_id": "a", "state": "cancelled"}, "replay_state", "replay_id=? AND state=?"),
    ({"replay_id": "a", "state": "succeeded", "since": START}, "replay_state", "replay_id=? AND state=? AND id>?"),
    ({"replay_id": "a", "state": "pending"}, "replay_state", "replay_id=? AND state=?"),
    ({"replay_id": "a", "webhook_id": "a", "event_type": "a"}, "replay", "replay_id=?"),
    ({"replay_id": "a"}, "replay", "replay_id=?"),
    ({"replay_id": "a", "until": START}, "replay", "replay_id=? AND id<?"),
    ({"test": True}, "test", "test=?"),
    ({"test": True, "until": START}, "test", "test=? AND id<?"),
    ({"test": True, "webhook_id": "a", "event_type": "a", "state": "failed", "replay_id": "a"}, "test", "test=?"),
    ({"test": False, "webhook_id": "a"}, "webhook", "webhook_id=?"),
    ({"webhook_id": "a"}, "webhook", "webhook_id=?"),
    ({"webhook_id": "a", "state": "succeeded"}, "webhook", "webhook_id=?"),
    ({"webhook_id": "a", "state": "failed"}, "webhook_gave_up", "webhook_id=? AND state=?"),
    ({"webhook_id": "a", "state": "cancelled"}, "webhook_gave_up", "webhook_id=? AND state=?"),
    ({"webhook_id": "a", "state": "pending"}, "state", "state=?"),
    ({"webhook_id": "a", "event_type": "a"}, "webhook_event_type", "webhook_id=? AND event_type=?"),
    ({"webhook_id": "a", "event_type": "a", "state": "failed"}, "webhook_gave_up", "webhook_id=? AND state=?"),
    ({"event_type": "a"}, "event_type", "event_type=?"),
    ({"event_type": "a", "state": "succeeded"}, "event_type", "event_type=?"),
    ({"event_type": "a", "state": "failed"}, "event_type_gave_up", "event_type=? AND state=?"),
    ({"event_type": "a", "state": "sending"}, "state", "state=?"),
    ({"state": "failed"}, "state", "state=?"),
    ({"state": "sending"}, "state", "state=?"),
    ({"webhook_id": "a", "since": START}, "webhook", "webhook_id=? AND id>?"),
    ({"state": "failed", "until": START}, "state", "state=? AND id<?"),
]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_each_filter_is_read_from_one_index_in_order(sqlite):
    for fields, index, terms in PLANS:
        wanted = conditions(DeliveryFilter(**fields))
        plan = _plan(sqlite, select(Delivery).where(*wanted).order_by(Delivery.id.desc()).limit(51))
        if index != "event":
            assert plan == [f"SEARCH deliveries USING INDEX ix_deliveries_{index} ({terms})"], fields
        assert f"USING INDEX ix_deliveries_{index} ({terms})" in plan[0], fields


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_counting_what_is_owed_reads_what_is_owed(sqlite, monkeypatch):
    asked = []
    monkeypatch.setattr(db.session, "scalar", lambda query: asked.append(_plan(sqlite, query)))
    webhooks.count_owed("a")
    assert ["ix_deliveries_lane" in plan[0] for plan in asked] == [True, False]
    assert ["ix_deliveries_held" in plan[0] for plan in asked] == [False, True]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_has_succeeded_is_listed_in_the_order_of_ids_without_sorting(sqlite):
    wanted = conditions(DeliveryFilter(state="succeeded"))
    plan = _plan(sqlite, select(Delivery).where(*wanted).order_by(Delivery.id.desc()).limit(51))
    assert plan == ["SCAN deliveries USING INDEX sqlite_autoindex_deliveries_1"]


@pytest.fixture
def sqlite(app):
    """A connection to SQLite, which decides without statistics, and so the same at any size."""
    with app.app_context(), db.engine.connect() as connection:
        yield connection


def _plan(connection, query):
    statement = query.compile(connection, compile_kwargs={"render_postcompile": True})
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(statement.params.values()))
    return [row.detail for row in plan]
