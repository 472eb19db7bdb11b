"""The receiver's errors: a problem document (RFC 9457) for programs, a helpful page for people, and no internals."""

from __future__ import annotations

import pytest

from tests.shared.errors import Errors
from tests.shared.services import application


@pytest.fixture
def errors(tmp_path):
    with application("receiver", tmp_path, body_limit=1000) as app:
        yield Errors(app)


def test_what_is_not_there(errors):
    bin_ = errors.json("POST", "/api/v1/bins", json={"slug": "orders"})
    for path in ("no-such-thing", "bins/bin_none", f"bins/{bin_['id']}/requests/req_none", "bins/bin_none/stream"):
        assert errors.problem("GET", f"/api/v1/{path}", status=404)["detail"]
    for path in ("/no-such-page", "/bins/none", "/bins/orders/req_none", "/bins/orders/req_none/body"):
        page = errors.page("GET", path, status=404)
        assert "mistyped" in page
        assert "check your spelling" not in page  # said once


def test_a_method_that_is_not_taken(errors):
    errors.problem("DELETE", "/api/v1/bins", status=405)
    assert set(errors.last.headers["Allow"].split(", ")) >= {"GET", "POST"}
    assert "other methods" in errors.page("DELETE", "/bins", status=405)


def test_a_captured_body_that_is_too_large_leaves_nothing(errors):
    bin_ = errors.json("POST", "/api/v1/bins", json={"slug": "orders"})
    answer = errors.client.post("/b/orders", data=b"x" * 1001)
    assert (answer.status_code, answer.content_type) == (413, "application/problem+json")
    assert errors.client.post("/b/orders", data=b"x" * 1000).status_code == 200
    assert errors.json("GET", f"/api/v1/bins/{bin_['id']}")["captured_count"] == 1


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [(b"{", "application/json", 400), (b"slug=x", "application/x-www-form-urlencoded", 415), (b"{}", "", 415)],
)
def test_a_body_that_is_no_json(errors, body, kind, status):
    assert "JSON" in errors.problem("POST", "/api/v1/bins", data=body, content_type=kind, status=status)["detail"]


def test_bad_input_names_each_field_in_words(errors):
    problem = errors.problem("POST", "/api/v1/bins", json={"slug": "No Slug!", "max_requests": 0}, status=422)
    assert [fault["field"] for fault in problem["errors"]] == ["slug", "max_requests"]
    assert all(fault["message"].endswith((".", "?", "!")) for fault in problem["errors"])
    errors.page("POST", "/bins", data={"slug": "No Slug!"}, status=422)


def test_an_error_of_our_own_shows_nothing_of_it_and_is_logged_by_its_id(errors):
    errors.check_internal_errors("/api/v1/bins", "/bins", table="bins")
