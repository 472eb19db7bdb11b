from __future__ import annotations

import pytest

from receiver.core import responses
from receiver.core.responses import Answer, Rule
from shared.errors import InvalidInput

A, B, C = Answer(500), Answer(503), Answer(200)


@pytest.mark.parametrize(
    ("repeat", "expected"),
    [("last", [500, 503, 200, 200, 200, 200, 200]), ("cycle", [500, 503, 200, 500, 503, 200, 500])],
)
def test_a_sequence_goes_on_as_it_says(repeat, expected):
    rule = Rule((A, B, C), repeat)
    assert [responses.choose(rule, turn).status for turn in range(1, 8)] == expected


def test_one_answer_serves_every_turn():
    assert {responses.choose(Rule((B,)), turn) for turn in (0, 1, 2, 10**9)} == {B}


def test_an_answer_is_read_with_its_defaults():
    assert responses.read({}) == Rule((Answer(200, (), "", 0),))
    document = {"status": 418, "headers": {"X-A": " b "}, "body": "é", "delay_ms": 30000}
    assert responses.read(document) == Rule((Answer(418, (("X-A", "b"),), "é", 30000),))


@pytest.mark.parametrize(
    "document",
    [
        {"status": 418, "headers": {"X-A": "b"}, "body": "é", "delay_ms": 5},
        {"sequence": [{"status": 500, "headers": {}, "body": "", "delay_ms": 0}] * 2, "repeat": "cycle"},
    ],
)
def test_a_rule_is_written_as_it_was_read(document):
    assert responses.read(document).document() == document


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "response"),
        (None, "response"),
        ({"status": 99}, "status"),
        ({"status": 101}, "status"),
        ({"status": 600}, "status"),
        ({"status": True}, "status"),
        ({"status": "200"}, "status"),
        ({"delay_ms": -1}, "delay_ms"),
        ({"delay_ms": 30_001}, "delay_ms"),
        ({"body": {"a": 1}}, "body"),
        ({"body": "é" * 32_769}, "body"),
        ({"body": "a\0"}, "body"),
        ({"body": "\ud800"}, "body"),
        ({"status": 204, "body": "x"}, "body"),
        ({"status": 304, "body": "x"}, "body"),
        ({"text": "x"}, "text"),
        ({"headers": ["a"]}, "headers"),
        ({"headers": {f"X-{n}": "" for n in range(21)}}, "headers"),
        ({"headers": {"a b": "x"}}, "headers.a b"),
        ({"headers": {"": "x"}}, "headers."),
        ({"headers": {"X-A": "b\r\nSet-Cookie: c"}}, "headers.X-A"),
        ({"headers": {"X-A": "€"}}, "headers.X-A"),
        ({"headers": {"X-A": 1}}, "headers.X-A"),
        ({"headers": {"X-A": "b" * 4097}}, "headers.X-A"),
        ({"headers": {"set-COOKIE": "x"}}, "headers.set-COOKIE"),
        ({"headers": {"Content-Length": "5"}}, "headers.Content-Length"),
        ({"headers": {"Content-Security-Policy": ""}}, "headers.Content-Security-Policy"),
        ({"sequence": []}, "sequence"),
        ({"sequence": {}}, "sequence"),
        ({"sequence": [{}] * 51}, "sequence"),
        ({"sequence": [{}], "repeat": "twice"}, "repeat"),
        ({"sequence": [{}], "status": 200}, "status"),
        ({"sequence": [{}, {"status": 1}]}, "sequence.1.status"),
        ({"sequence": [{}, 5]}, "sequence.1"),
    ],
)
def test_what_is_wrong_is_named(document, field):
    with pytest.raises(InvalidInput) as caught:
        responses.read(document)
    assert [error.field for error in caught.value.errors] == [field]


def test_all_faults_are_told_at_once():
    with pytest.raises(InvalidInput) as caught:
        responses.read({"sequence": [{"status": 1, "delay_ms": -1}, {"headers": {"Date": "x"}}], "repeat": "no"})
    fields = {error.field for error in caught.value.errors}
    assert fields == {"repeat", "sequence.0.status", "sequence.0.delay_ms", "sequence.1.headers.Date"}


@pytest.mark.parametrize(
    ("answer", "content_type"),
    [
        (Answer(body='{"a":1}'), "application/json"),
        (Answer(body="{oops"), "text/plain; charset=utf-8"),
        (Answer(body="hi"), "text/plain; charset=utf-8"),
        (Answer(body="hi", headers=(("content-type", "text/csv"),)), "text/csv"),
        (Answer(), None),
    ],
)
def test_a_body_always_has_a_type(answer, content_type):
    types = [value for name, value in answer.all_headers() if name.lower() == "content-type"]
    assert types == ([content_type] if content_type else [])
