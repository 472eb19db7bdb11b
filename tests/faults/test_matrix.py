"""The fault matrix runs, its small rows hold, and what is lost it calls lost."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import text

from sender.models import db
from tests.bench import sink
from tests.faults import verdict as verdicts
from tests.faults import ward as wards
from tests.faults import workers
from tests.faults.__main__ import main
from tests.faults.ground import Ground
from tests.faults.rows import POSTGRESQL, ROWS, SQLITE
from tests.faults.verdict import Verdict, expect_recorded, judge

EVENTS = 60


def test_a_killed_worker_loses_nothing(monkeypatch):
    monkeypatch.setattr(workers, "ANSWER_AFTER", 0.5)  # of so few events some are still under way at the kill
    verdict = workers.killed(Ground(), EVENTS)
    assert verdict.holds, verdict
    assert verdict.events == EVENTS


def test_a_clock_that_is_set_back_strands_nothing(databases):
    verdict = workers.clock_back(Ground(databases.server), EVENTS)
    assert verdict.holds, verdict


@pytest.mark.parametrize("database", [SQLITE, POSTGRESQL])
def test_rows_about_endpoints_hold_beside_one_worker(databases, database):
    with wards.ward(Ground(databases.server if database == POSTGRESQL else None)) as ward:
        for name in ("closes", "redirects", "gigabyte"):
            verdict = ward.run(ward.endpoints[name], EVENTS)
            assert verdict.holds, (name, verdict)
        assert "FAILED" not in ward.memory()


def test_a_database_that_loses_deliveries_is_reported():
    with sink.listening() as target, Ground().sender(target.port) as sender:
        owed = sender.owe(sender.webhooks([target.url()]), EVENTS)
        with sender.app.app_context(), db.engine.begin() as connection:
            connection.execute(text("DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries LIMIT 3)"))
        sender.start_worker()
        verdict = judge(target, owed, sender.settle(0))
    assert (verdict.events, verdict.lost, verdict.duplicates) == (EVENTS, 3, 0)
    assert not verdict.holds


def test_attempts_that_are_not_recorded_are_reported(monkeypatch):
    monkeypatch.setattr(verdicts, "LATE", 0.1)
    with sink.listening() as target, Ground().sender(target.port) as sender:
        owed = sender.owe(sender.webhooks([target.url()]), EVENTS)
        sender.start_worker()
        verdict = judge(target, owed, sender.settle(0))
        expect_recorded(verdict, sender, target.count)
        assert verdict.holds, verdict
        with sender.app.app_context(), db.engine.begin() as connection:
            connection.execute(text("DELETE FROM attempts WHERE id IN (SELECT id FROM attempts LIMIT 2)"))
        expect_recorded(verdict, sender, target.count)
    assert verdict.failures == [f"{EVENTS} requests came, {EVENTS - 2} attempts are recorded"]


def test_requests_to_a_hostile_endpoint_that_are_not_recorded_are_reported(monkeypatch):
    monkeypatch.setattr(verdicts, "LATE", 0.1)

    def note_twice(peer):
        peer.read()
        peer.endpoint.requests.append(peer.endpoint.requests[-1])

    with wards.ward(Ground()) as ward:
        verdict = ward.run(replace(ward.endpoints["closes"], behave=note_twice), EVENTS)
    (failure,) = verdict.failures
    requests, attempts = map(int, re.fullmatch(r"(\d+) requests came, (\d+) attempts are recorded", failure).groups())
    assert requests > attempts


def test_the_matrix_fails_with_a_row_that_does_not_hold(monkeypatch, capsys):
    lossy = Verdict(EVENTS, 1, 0, 0.1)
    fine = Verdict(EVENTS, 0, 2, 0.1, note="all came")
    failed = Verdict(EVENTS, 0, 0, 0.1, failures=["a claim was left behind"])
    for verdict, code in ((lossy, 1), (fine, 0), (failed, 1)):
        row = ROWS["disk-full"]
        monkeypatch.setitem(ROWS, row.name, type(row)(row.name, row.title, 1, ("SQLite",), lambda *_, v=verdict: v))
        assert main([row.name]) == code
    lines = capsys.readouterr().out.splitlines()
    assert f"| disk full | SQLite | {EVENTS} | 1 | 0 | 0.1 |  |" in lines
    assert f"| disk full | SQLite | {EVENTS} | 0 | 2 | 0.1 | all came |" in lines
    assert f"| disk full | SQLite | {EVENTS} | 0 | 0 | 0.1 | **FAILED: a claim was left behind** |" in lines


def test_the_matrix_is_of_ten_thousand_events():
    assert sum(row.events * len(row.databases) for row in ROWS.values()) >= 10_000


def test_the_rows_have_names(capsys):
    assert main(["--list"]) == 0
    assert "web-killed" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["no-such-row"])
