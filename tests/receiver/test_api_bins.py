from __future__ import annotations

import re

import pytest

from receiver.models import db
from receiver.services import bins
from tests.receiver.factories import add_bin


def fields(answer):
    assert answer.status_code == 422, answer.json
    assert answer.content_type == "application/problem+json"
    return [error["field"] for error in answer.json["errors"]]


def test_a_bin_is_made_with_a_random_slug(api):
    answer = api("POST", "/bins", {})
    made = answer.json
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/bins/{made['id']}"
    assert re.fullmatch(r"bin_[0-9a-z]{26}", made["id"])
    assert re.fullmatch(r"[a-z]+-[a-z]+-[0-9a-z]{6}", made["slug"])
    assert made["url"] == f"http://bin.example/b/{made['slug']}"
    assert made["inspect_url"] == f"http://bin.example/bins/{made['slug']}"
    assert made["name"] == made["slug"]
    assert (made["max_requests"], made["stored_count"], made["captured_count"]) == (1000, 0, 0)
    assert made["last_captured_at"] is made["response"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z", made["created_at"])
    assert api("GET", f"/bins/{made['id']}").json == made
    assert api("GET", f"/bins/{made['slug']}").json == made


def test_a_bin_is_made_as_it_was_asked_for(api):
    made = api("POST", "/bins", {"slug": "orders", "name": " Orders ", "max_requests": 5, "response": {"status": 503}})
    assert made.json["slug"] == "orders"
    assert made.json["name"] == "Orders"
    assert made.json["max_requests"] == 5
    assert made.json["response"] == {"status": 503, "headers": {}, "body": "", "delay_ms": 0}


def test_a_taken_slug_is_a_conflict(api):
    api("POST", "/bins", {"slug": "orders"})
    answer = api("POST", "/bins", {"slug": "orders"})
    assert answer.status_code == 409
    assert answer.json["errors"][0]["field"] == "slug"
    assert len(api("GET", "/bins").json["items"]) == 1


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"slug": "No Way"}, ["slug"]),
        ({"slug": ""}, ["slug"]),
        ({"name": "x" * 201}, ["name"]),
        ({"name": "a\0b"}, ["name"]),
        ({"max_requests": 0}, ["max_requests"]),
        ({"max_requests": 100_001}, ["max_requests"]),
        ({"max_requests": "many"}, ["max_requests"]),
        ({"colour": "red"}, ["colour"]),
        ({"response": {"status": 1, "delay_ms": -1}}, ["response.status", "response.delay_ms"]),
        ({"response": {"sequence": [{"headers": {"Date": "x"}}]}}, ["response.sequence.0.headers.Date"]),
    ],
)
def test_what_is_wrong_with_a_bin_is_named(api, body, wrong):
    assert fields(api("POST", "/bins", body)) == wrong
    assert api("GET", "/bins").json["items"] == []


def test_put_makes_a_bin_or_changes_it(api):
    first = api("PUT", "/bins/orders", {"name": "Orders"})
    again = api("PUT", "/bins/orders", {"max_requests": 7, "response": {"status": 204}})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json["id"] == first.json["id"]
    assert (again.json["name"], again.json["max_requests"], again.json["response"]["status"]) == ("Orders", 7, 204)
    assert api("PUT", "/bins/orders", {}).json["response"]["status"] == 204
    assert fields(api("PUT", "/bins/Not-a-slug", {})) == ["slug"]


def test_put_loses_no_race(api, monkeypatch):
    look = bins.find

    def find(slug):
        """Find nothing, and let somebody else make the bin right then."""
        found = look(slug)
        add_bin(db.engine, slug)
        return found

    monkeypatch.setattr(bins, "find", find)
    answer = api("PUT", "/bins/orders", {"name": "Orders"})
    assert (answer.status_code, answer.json["name"]) == (200, "Orders")


def test_a_bin_is_changed_field_by_field(api):
    made = api("POST", "/bins", {"slug": "orders", "response": {"status": 500}}).json
    changed = api("PATCH", f"/bins/{made['id']}", {"name": "New"}).json
    assert (changed["name"], changed["response"]["status"], changed["slug"]) == ("New", 500, "orders")
    assert changed["updated_at"] > made["updated_at"]
    assert api("PATCH", "/bins/orders", {"response": None}).json["response"] is None
    assert fields(api("PATCH", "/bins/orders", {"slug": "else"})) == ["slug"]


def test_a_smaller_bin_lets_its_oldest_go_at_once(api, send):
    api("POST", "/bins", {"slug": "orders"})
    for number in range(5):
        send(f"orders/{number}")
    assert api("PATCH", "/bins/orders", {"max_requests": 2}).json["stored_count"] == 2
    assert [row["path"] for row in api("GET", "/bins/orders/requests").json["items"]] == ["/4", "/3"]


def test_deleting_a_bin_takes_its_captures_along(app, api, send):
    made = api("POST", "/bins", {"slug": "orders"}).json
    send("orders")
    assert api("DELETE", f"/bins/{made['id']}").status_code == 204
    assert api("GET", f"/bins/{made['id']}").status_code == 404
    assert send("orders").status_code == 404
    with app.app_context():
        assert db.session.scalar(db.text("SELECT count(*) FROM captures")) == 0
    assert api("POST", "/bins", {"slug": "orders"}).status_code == 201
    assert send("orders").status_code == 200


def test_bins_are_listed_newest_first_page_by_page(api):
    slugs = [api("POST", "/bins", {"slug": f"bin-{number}"}).json["slug"] for number in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = api("GET", f"/bins?limit=2{cursor and '&cursor=' + cursor}").json
        seen += [one["slug"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(seen) == slugs
    assert len(seen) == 5


def test_a_list_of_bins_goes_on_when_the_end_of_the_page_before_is_deleted(api):
    slugs = [api("POST", "/bins", {"slug": f"bin-{number}"}).json["slug"] for number in range(3)]
    first = api("GET", "/bins?limit=2").json
    assert api("DELETE", f"/bins/{first['items'][-1]['id']}").status_code == 204
    rest = api("GET", f"/bins?limit=2&cursor={first['next_cursor']}").json
    assert sorted(one["slug"] for one in [*first["items"], *rest["items"]]) == slugs
    for made_up in ("x", "~", "bin_1"):
        assert api("GET", f"/bins?cursor={made_up}").json["errors"][0]["field"] == "cursor"


def test_bins_are_found_by_name_and_slug(api):
    api("POST", "/bins", {"slug": "orders", "name": "The Shop"})
    api("POST", "/bins", {"slug": "a_b"})
    api("POST", "/bins", {"slug": "axb"})
    assert [one["slug"] for one in api("GET", "/bins?q=shop").json["items"]] == ["orders"]
    assert [one["slug"] for one in api("GET", "/bins?q=ORD").json["items"]] == ["orders"]
    assert [one["slug"] for one in api("GET", "/bins?q=a_b").json["items"]] == ["a_b"]


def test_the_response_rule_is_set_and_taken_away(api, send):
    api("POST", "/bins", {"slug": "orders"})
    send("orders")
    rule = {"sequence": [{"status": 500}, {"status": 200, "body": "fine"}], "repeat": "last"}
    assert len(api("PUT", "/bins/orders/response", rule).json["response"]["sequence"]) == 2
    assert [send("orders").status_code for _ in range(3)] == [500, 200, 200]
    api("PUT", "/bins/orders/response", rule)
    assert send("orders").status_code == 500  # from the beginning again
    assert fields(api("PUT", "/bins/orders/response", {"status": 700})) == ["status"]
    assert api("DELETE", "/bins/orders/response").status_code == 204
    assert send("orders").json["ok"] is True


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("PUT", "/response", {}),
        ("DELETE", "/response", None),
        ("GET", "/requests", None),
        ("DELETE", "/requests", None),
        ("GET", "/stream", None),
    ],
)
def test_an_unknown_bin_is_not_found(api, method, path, body):
    answer = api(method, f"/bins/none{path}", body)
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


def test_nothing_is_told_without_the_token(app):
    client = app.test_client()
    assert client.get("/api/v1/bins", headers={"Host": "bin.example"}).status_code == 401
    assert client.post("/api/v1/bins", json={}, headers={"Host": "bin.example"}).status_code == 401


def test_the_api_describes_itself(app):
    headers = {"Host": "bin.example", "Authorization": "Bearer test-token"}
    paths = app.test_client().get("/openapi.json", headers=headers).json["paths"]
    shapes = [re.sub(r"{\w+}", "{}", path) for path in paths]
    assert len(set(shapes)) == len(shapes)  # OpenAPI 3.1: the same path must not be there under two names
    told = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert {("PUT", "/api/v1/bins/{id}"), ("GET", "/api/v1/bins/{id}/stream")} <= told
    assert {("PUT", "/api/v1/bins/{id}/response"), ("POST", "/api/v1/bins/{id}/requests/{request_id}/forward")} <= told
