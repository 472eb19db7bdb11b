from __future__ import annotations

import hashlib
import json

import pytest


@pytest.fixture
def orders(api):
    api("POST", "/bins", {"slug": "orders"})
    return "/bins/orders/requests"


def found(api, orders, q):
    answer = api("GET", orders, query_string={"q": q})
    assert answer.status_code == 200
    return [row["path"] for row in answer.json["items"]]


def test_a_capture_is_told_in_full(api, orders, send):
    body = bytes(range(256))
    answered = send("orders/a%2Fb?x=1&x=2", method="PUT", data=body, headers={"X-Latin": "caf\xe9"})
    (listed,) = api("GET", orders).json["items"]
    capture = api("GET", f"{orders}/{listed['id']}").json
    assert capture == listed
    assert capture["id"] == answered.json["id"]
    assert (capture["position"], capture["method"]) == (1, "PUT")
    assert (capture["target"], capture["path"], capture["query"]) == ("/b/orders/a%2Fb?x=1&x=2", "/a%2Fb", "x=1&x=2")
    assert ["X-Latin", "caf\xe9"] in capture["headers"]
    assert capture["header_fidelity"] == "wsgi"
    assert capture["peer"] == capture["client"] == "127.0.0.1"
    assert (capture["body_size"], capture["body_sha256"]) == (256, hashlib.sha256(body).hexdigest())
    assert "body" not in capture
    assert capture["response"]["status"] == 200
    assert json.loads(capture["response"]["body"]) == {"ok": True, "id": capture["id"]}


def test_a_capture_keeps_what_was_answered_then(api, orders, send):
    api("PUT", "/bins/orders/response", {"status": 503, "headers": {"X-A": "b"}, "body": "later"})
    send("orders")
    api("DELETE", "/bins/orders/response")
    (capture,) = api("GET", orders).json["items"]
    assert capture["response"] == {"status": 503, "headers": {"X-A": "b"}, "body": "later", "delay_ms": 0}


@pytest.mark.parametrize("body", [b"", b"<script>alert(1)</script>", bytes(range(256)), b"x" * 1_000_000])
def test_the_body_comes_back_byte_for_byte_and_inert(api, orders, send, body):
    capture_id = send("orders", data=body, content_type="text/html").json["id"]
    answer = api("GET", f"{orders}/{capture_id}/body")
    assert answer.data == body
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{capture_id}.bin"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")


def test_captures_are_listed_newest_first_page_by_page(api, orders, send):
    for number in range(5):
        send(f"orders/{number}")
    pages, cursor = [], None
    while True:
        page = api("GET", orders, query_string={"limit": 2} | ({"cursor": cursor} if cursor else {})).json
        pages.append([row["position"] for row in page["items"]])
        send("orders/later")  # what arrives meanwhile does not shift the pages
        if (cursor := page["next_cursor"]) is None:
            break
    assert pages == [[5, 4], [3, 2], [1]]


@pytest.mark.parametrize("cursor", ["x", "-1", "²", "9" * 40, "1.5"])
def test_a_made_up_cursor_is_refused(api, orders, cursor):
    answer = api("GET", orders, query_string={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(
    ("q", "paths"),
    [
        ("", ["/c", "/b", "/a"]),
        ("stripe", ["/a"]),
        ("STRIPE", ["/a"]),
        ("method:post", ["/b", "/a"]),
        ("put", ["/c"]),
        ("path:/b/orders/b", ["/b"]),
        ("header:x-kind", ["/b", "/a"]),
        ('header:"x-kind: refund"', ["/b"]),
        ("body:stripe", []),
        ("body:ORDER", ["/b", "/a"]),
        ('body:"order 7"', ["/a"]),
        ("order refund", ["/b"]),
        ("100%", ["/b"]),
        ("under_score", []),
        ("café", ["/a"]),
        ("back\\slash", ["/a"]),
        ("after", ["/c"]),
        ("nothing-like-this", []),
    ],
)
def test_captures_are_found(api, orders, send, q, paths):
    send("orders/a", data="order 7 café back\\slash".encode(), headers={"X-Kind": "Stripe"})
    send("orders/b?underXscore", data=b"order 8: 100% back", headers={"X-Kind": "refund"})
    send("orders/c", method="PUT", data=b"\xff\x00 after the zero")
    assert found(api, orders, q) == paths


def test_one_capture_is_deleted_and_positions_go_on(api, orders, send):
    ids = [send(f"orders/{number}").json["id"] for number in range(3)]
    assert api("DELETE", f"{orders}/{ids[1]}").status_code == 204
    assert api("GET", f"{orders}/{ids[1]}").status_code == 404
    assert api("DELETE", f"{orders}/{ids[1]}").status_code == 404
    send("orders/3")
    assert [row["position"] for row in api("GET", orders).json["items"]] == [4, 3, 1]
    owner = api("GET", "/bins/orders").json
    assert (owner["captured_count"], owner["stored_count"]) == (4, 3)


def test_all_captures_are_deleted_and_positions_go_on(api, orders, send):
    api("POST", "/bins", {"slug": "other"})
    send("other")
    send("orders")
    send("orders")
    assert api("DELETE", orders).status_code == 204
    owner = api("GET", "/bins/orders").json
    assert (owner["captured_count"], owner["stored_count"]) == (2, 0)
    send("orders")
    assert [row["position"] for row in api("GET", orders).json["items"]] == [3]
    assert len(api("GET", "/bins/other/requests").json["items"]) == 1


def test_a_capture_belongs_to_its_bin(api, orders, send):
    api("POST", "/bins", {"slug": "other"})
    foreign = send("other").json["id"]
    for method, below in (("GET", ""), ("GET", "/body"), ("DELETE", "")):
        assert api(method, f"{orders}/{foreign}{below}").status_code == 404
    assert api("GET", f"/bins/other/requests/{foreign}").status_code == 200
