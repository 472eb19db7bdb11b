"""Each bench runs to its end at a hundredth of its size and prints its tables with their aims; times are not judged."""

from __future__ import annotations

import contextlib

import pytest
from sqlalchemy import select

from sender.models import Attempt, db
from shared import ids
from tests.bench import bare, door, machine, product, throughput
from tests.bench.__main__ import BENCHES, main
from tests.bench.fill import fill
from tests.bench.product import PAYLOAD

BOTH = ("SQLite", "PostgreSQL")
# By name: the databases (both where they differ, as starting processes takes most of the time), and what is printed.
TESTED = {
    "throughput": (
        BOTH,
        ["≥ 1,800/s", "≥ 3,000/s", "≥ 0.75"],
        ["| SQLite | 1 |", "| PostgreSQL | 1 |", "| SQLite | 2 |", "| PostgreSQL | 2 |", "| One webhook |"],
    ),
    "latency": (
        ("SQLite",),
        ["p50 (aim ≤ 5 ms)", "p95 (aim ≤ 20 ms)", "p99 (aim ≤ 100 ms)", "p95 to all healthy (aim ≤ 2)"],
        ["| SQLite, all healthy |", "| SQLite, 10 % hang, 10 % refuse; the healthy ones |"],
    ),
    "publish": (BOTH, [], [f"| {name} | {kind} |" for name in BOTH for kind in ("one at a time", "batches of 50")]),
    "growth": (
        ("PostgreSQL",),
        ["≥ 0.9", "p95 ≤ 150 ms"],
        [
            "PostgreSQL: 10,000 finished deliveries, 0.0",
            "| nothing |",
            "| all of them; to nothing |",
            "| all, while the oldest are deleted (",
            "| page of the replay |",
            "| API, tests |",
            "| dry run, all that did not arrive |",
        ],
    ),
    "idle": (("SQLite",), ["< 1%"], ["| SQLite |"]),
}


@pytest.fixture
def running(databases):
    """The databases to measure by name, without a PostgreSQL server for each bench."""
    return {"SQLite": None, "PostgreSQL": databases.server}


@pytest.mark.parametrize("name", TESTED)
def test_a_bench_runs_and_prints_its_aims(name, running, monkeypatch, capsys):
    names, aims, rows = TESTED[name]
    some = {database: running[database] for database in names}
    monkeypatch.setattr(product, "databases", lambda: contextlib.nullcontext(some))
    monkeypatch.setattr(machine, "describe", lambda: "A machine.")
    monkeypatch.setattr(bare, "THREADS", (1, 2))
    assert main([name, "--tiny"]) == 0
    printed = capsys.readouterr().out
    assert "Failed" not in printed
    for text in [f"## {name.capitalize()}", *aims, *rows]:
        assert text in printed


@pytest.mark.parametrize("name", BOTH)
def test_a_month_has_the_same_shape_on_both_databases(name, running):
    with product.fresh(1, running[name]) as sender:
        filled = fill(sender, 2000)
        found = {
            "failed": sender.scalar("SELECT count(*) FROM deliveries WHERE state = 'failed'"),
            "tests": sender.scalar("SELECT count(*) FROM deliveries WHERE test"),
            "replayed": sender.scalar(f"SELECT count(*) FROM deliveries WHERE replay_id = '{filled.replay_id}'"),
            "busiest": sender.scalar(f"SELECT count(*) FROM deliveries WHERE webhook_id = '{filled.webhook_ids[0]}'"),
            "attempts": sender.scalar(
                "SELECT count(*) FROM attempts JOIN deliveries ON deliveries.id = delivery_id"
                " JOIN events ON events.id = event_id WHERE substr(deliveries.id, 5, 10) = substr(events.id, 5, 10)"
            ),
        }
        with sender.app.app_context():
            attempt = db.session.scalars(select(Attempt).order_by(Attempt.id)).first()
            assert attempt.request_body.decode() == attempt.delivery.event.payload == PAYLOAD
            assert ("content-type", "application/json") in map(tuple, attempt.request_headers)
            assert ids.first("att", attempt.delivery.event.created_at)[:14] == attempt.id[:14]
            db.session.remove()
    assert found == {"failed": 58, "tests": 1, "replayed": 1800, "busiest": 1000, "attempts": 2000}


def test_each_bench_is_tested_but_the_one_that_installs_things():
    assert {*TESTED, "rivals"} == set(BENCHES)


def test_a_bench_that_fails_makes_the_run_fail(monkeypatch, capsys):
    def fail(_size):
        yield "A table."
        raise TimeoutError("too late")

    monkeypatch.setattr(throughput, "run", fail)
    assert main(["throughput", "--tiny"]) == 1
    assert "A table.\n\nFailed: TimeoutError: too late" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["no-such-bench"])


def test_turns_begin_with_another_in_each_round():
    order = []
    found = throughput.by_turns({name: lambda name=name: order.append(name) or len(order) for name in "abc"}, 3)
    assert "".join(order) == "abcbcacab"
    assert found == {"a": [1, 6, 8], "b": [2, 4, 9], "c": [3, 5, 7]}


def test_the_door_is_compared_with_a_bare_loop(capsys):
    door.main(["--seconds", "0.1", "--rounds", "1"])
    assert "ratio: " in capsys.readouterr().out
