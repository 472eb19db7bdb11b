"""The form that decides how a bin answers."""

from __future__ import annotations

import html
import json
import re

import pytest

from tests.visitor import text_of

RULES = [
    ({"kind": "default"}, None),
    (
        {
            "kind": "same",
            "status": "503",
            "headers": "Retry-After: 60\r\n\r\nX-A: b:c",
            "body": "a\r\nb",
            "delay_ms": "",
        },
        {"status": 503, "headers": {"Retry-After": "60", "X-A": "b:c"}, "body": "a\nb", "delay_ms": 0},
    ),
    (
        {"kind": "turn", "statuses": "500, 500 200", "repeat": "cycle"},
        {
            "sequence": [{"status": n, "headers": {}, "body": "", "delay_ms": 0} for n in (500, 500, 200)],
            "repeat": "cycle",
        },
    ),
    (
        {"kind": "json", "document": '{"sequence": [{"status": 500, "body": "no"}]}'},
        {"status": 500, "headers": {}, "body": "no", "delay_ms": 0},
    ),
]


@pytest.mark.parametrize(("form", "rule"), RULES, ids=[form["kind"] for form, _ in RULES])
def test_a_response_is_decided_by_form_and_the_form_shows_it_again(visitor, orders, api, form, rule):
    assert visitor.post("/bins/orders/response", **form).status_code == 303
    assert api("GET", "/bins/orders").json["response"] == rule
    page = visitor.get("/bins/orders/response").text
    kind = "same" if form["kind"] == "json" else form["kind"]  # a sequence of one is no sequence
    assert re.search(rf'value="{kind}" checked', page)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"kind": "same", "status": "99"}, "whole number from 200 to 599"),
        ({"kind": "same", "status": "no"}, "whole number from 200 to 599"),
        ({"kind": "same", "status": "200", "delay_ms": "99999"}, "whole number from 0 to 30000"),
        ({"kind": "same", "status": "200", "headers": "nonsense"}, "Line 1 has no colon"),
        ({"kind": "same", "status": "200", "headers": "A: 1\na: 2"}, "Line 2 names a again"),
        ({"kind": "same", "status": "200", "headers": "Set-Cookie: a=b"}, "would reach beyond the bin"),
        ({"kind": "same", "status": "204", "body": "x"}, "carries no body"),
        ({"kind": "turn", "statuses": "", "repeat": "last"}, "list of 1 to 50 answers"),
        ({"kind": "turn", "statuses": "500, 9", "repeat": "last"}, "whole number from 200 to 599"),
        ({"kind": "turn", "statuses": "500", "repeat": "x"}, 'Use "last" or "cycle"'),
        ({"kind": "json", "document": "{"}, "This is not JSON"),
        ({"kind": "json", "document": '{"status": 1}'}, "status: Give a whole number"),
        ({"kind": "json", "document": "[]"}, "Give an object"),
    ],
)
def test_a_wrong_response_is_explained_and_nothing_typed_is_lost(visitor, orders, api, form, says):
    answer = visitor.post("/bins/orders/response", **form)
    assert answer.status_code == 422
    assert says in text_of(answer)
    for name, value in form.items():
        assert value in html.unescape(answer.text), name
    assert api("GET", "/bins/orders").json["response"] is None


def test_a_rule_beyond_the_form_is_shown_as_json(visitor, orders, api):
    rule = {"sequence": [{"status": 500, "body": "é"}, {"status": 200}], "repeat": "last"}
    api("PUT", "/bins/orders/response", rule)
    page = html.unescape(visitor.get("/bins/orders/response").text)
    assert 'value="json" checked' in page
    shown = json.loads(
        page[page.index("<textarea", page.index('id="f-document"') - 60) :].partition(">")[2].partition("</")[0]
    )
    assert shown["sequence"][0]["body"] == "é"
