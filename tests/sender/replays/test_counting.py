"""Counting a replay: right whatever is odd about the events, and read from indexes, in the order of time."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from sender.services.replays import counting
from tests.sender.replays.replaying import registered


def count(api, past, days=10, **fields):
    status, counted = api("POST", "/api/v1/replays", {"since": past.ago(days).isoformat(), "dry_run": True, **fields})
    assert status == 200, counted
    return counted["count"]


def test_each_webhook_misses_what_came_since_it_was_registered(api, past):
    for days in (1.5, 2.5, 3.5, 12):
        past.event(days)
        past.event(days, test=True)
        past.event(days, derived_from="evt_before")
    for days in (1, 2, 3, 20, 0):
        registered(api, past, days)
    assert count(api, past) == 0 + 1 + 2 + 3 + 0
    assert count(api, past, until=past.ago(2).isoformat()) == 0 + 0 + 1 + 2 + 0
    assert count(api, past, state="missing") == 5 * 3


def test_what_an_edited_payload_brought_is_no_pair_that_the_event_has(api, past):
    hook = registered(api, past, 20)
    past.event(5)
    past.delivery(past.event(5, derived_from="evt_before"), hook, "succeeded", 5)
    assert count(api, past) == 1


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("state", [None, "missing", "succeeded", "cancelled"])
def test_it_goes_by_the_events_and_reads_none_of_their_payloads(api, past, state):
    """By webhook or state, a million took 5 seconds; with their payloads another for each webhook."""
    for days in (1, 2):
        registered(api, past, days)
    past.event(1.5)
    asked = []
    event.listen(past.engine, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
    assert count(api, past, **({"state": state} if state else {})) == {None: 1, "missing": 2}.get(state, 0)
    with past.engine.connect() as connection:
        plans = [
            [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
            for sql, values in list(asked)
            if "FROM deliveries JOIN events" in sql.replace("\n", "") or "FROM events" in sql
        ]
    walks = [plan for plan in plans if "SEARCH deliveries USING INDEX ix_deliveries_event (event_id=?)" in plan]
    assert len(walks) == {None: 2}.get(state, 1)
    for plan in walks:
        assert plan[0] == "SEARCH events USING COVERING INDEX ix_events_created_at (created_at>? AND created_at<?)"
    for plan in (plan for plan in plans if plan not in walks):
        assert "COVERING INDEX ix_events_type" in plan[0] or "INDEX ix_events_odd" in plan[0], plan


def test_what_is_published_while_it_counts_neither_waits_nor_is_seen(api, past, monkeypatch):
    """Else an event could be counted among all, and its delivery not among those there are."""
    registered(api, past, 20)
    real = counting._count_existing

    def publish_meanwhile(*given):
        existing = real(*given)
        past.event(0)
        return existing

    monkeypatch.setattr(counting, "_count_existing", publish_meanwhile)
    assert count(api, past) == 0
    assert count(api, past) == 1
