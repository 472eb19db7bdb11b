from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from receiver.core.responses import Answer
from receiver.services import batch
from shared import database
from tests.receiver.factories import NOW, add_bin, bin_of, captures_of, make_arrived


def store(engine, *arrived):
    with database.writing_connection(engine) as connection:
        return batch.store(connection, arrived)


def test_a_capture_is_stored_as_it_was_read(engine):
    add_bin(engine)
    body = bytes(range(256))
    arrived = make_arrived(body=body, headers=(("X-Latin", "caf\xe9"), ("x-none", ""), ("X-A", "a: b")), method="m-x")
    (stored,) = store(engine, arrived)
    (row,) = captures_of(engine)
    assert (row.id, row.position, stored.answer) == (stored.id, 1, None)
    for name in ("method", "target", "path", "query", "headers", "header_fidelity", "peer", "client", "body"):
        assert getattr(row, name) == getattr(arrived.captured, name)
    assert (row.body_size, row.body_sha256) == (256, arrived.captured.body_sha256)
    assert row.received_at == NOW
    assert row.response is None


def test_positions_count_up_within_each_bin_in_the_order_of_arrival(engine):
    add_bin(engine, "a")
    add_bin(engine, "b")
    order = ["b", "a", "b", "b", "a"]
    results = store(engine, *(make_arrived(slug, query=str(n)) for n, slug in enumerate(order)))
    assert [result.position for result in results] == [1, 1, 2, 3, 2]
    assert [result.position for result in store(engine, make_arrived("b"))] == [4]
    assert [row.query for row in captures_of(engine, "b")] == ["0", "2", "3", "a=1"]
    assert [row.id for row in captures_of(engine, "a")] == [results[1].id, results[4].id]
    assert (bin_of(engine, "b").captured_count, bin_of(engine, "b").stored_count) == (4, 4)


def test_a_bin_knows_when_the_last_capture_came(engine):
    add_bin(engine)
    assert bin_of(engine).last_captured_at is None
    later = batch.Arrived("orders", make_arrived().captured, NOW + timedelta(seconds=1))
    store(engine, later, make_arrived())
    assert bin_of(engine).last_captured_at == NOW + timedelta(seconds=1)
    assert bin_of(engine).updated_at == NOW


def test_a_bin_that_is_gone_does_not_disturb_the_others(engine):
    add_bin(engine)
    gone, here = store(engine, make_arrived("gone"), make_arrived())
    assert gone is None
    assert here.position == 1
    assert store(engine, make_arrived("gone")) == [None]


@pytest.mark.parametrize(("most", "kept"), [(3, [5, 6, 7]), (1, [7]), (7, [1, 2, 3, 4, 5, 6, 7])])
def test_a_bin_keeps_its_newest(engine, most, kept):
    add_bin(engine, max_requests=most)
    add_bin(engine, "other")
    store(engine, make_arrived("other"))
    store(engine, *(make_arrived() for _ in range(4)))
    store(engine, *(make_arrived() for _ in range(3)))
    assert [row.position for row in captures_of(engine)] == kept
    assert (bin_of(engine).captured_count, bin_of(engine).stored_count) == (7, len(kept))
    assert len(captures_of(engine, "other")) == 1


def test_a_batch_larger_than_the_bin_leaves_its_newest(engine):
    add_bin(engine, max_requests=2)
    store(engine, *(make_arrived() for _ in range(5)))
    assert [row.position for row in captures_of(engine)] == [4, 5]


def test_of_a_large_bin_exactly_the_excess_goes(engine):
    add_bin(engine, max_requests=3000)
    add_bin(engine, "other", max_requests=3000)
    store(engine, *(make_arrived() for _ in range(2000)), make_arrived("other"))
    with database.writing_connection(engine) as connection:
        batch.trim(connection, bin_of(engine).id, 1500)
    assert [row.position for row in captures_of(engine)] == list(range(1501, 2001))
    assert bin_of(engine).stored_count == 500
    assert len(captures_of(engine, "other")) == 1


def test_the_rule_is_followed_from_where_it_was_set(engine):
    rule = {"sequence": [{"status": 500}, {"status": 503, "delay_ms": 5}], "repeat": "last"}
    add_bin(engine, response=json.dumps(rule), captured_count=40, response_since=40)
    results = store(engine, *(make_arrived() for _ in range(3)))
    assert [result.answer for result in results] == [Answer(500), Answer(503, delay_ms=5), Answer(503, delay_ms=5)]
    told = [json.loads(row.response)["status"] for row in captures_of(engine)]
    assert told == [500, 503, 503]


def test_nothing_is_kept_of_a_transaction_that_fails(engine):
    add_bin(engine)
    bad = make_arrived(method=None)  # the table wants one
    with pytest.raises(IntegrityError):
        store(engine, make_arrived(), bad)
    assert captures_of(engine) == []
    assert bin_of(engine).captured_count == 0
