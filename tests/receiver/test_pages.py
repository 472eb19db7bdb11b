"""The pages as a browser without scripts uses them."""

from __future__ import annotations

import html
import json
import re

import pytest

from receiver.views import detail

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50


class Visitor:
    """A signed-in person with a browser that runs no scripts."""

    def __init__(self, app):
        self.client = app.test_client()
        self.client.get("/sign-in?token=test-token", headers={"Host": "bin.example"})

    def get(self, path):
        return self.client.get(path, headers={"Host": "bin.example"})

    def post(self, path, **fields):
        page = self.get("/bins").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        return self.client.post(path, data={"csrf_token": token, **fields}, headers={"Host": "bin.example"})

    def read(self, path):
        """Return a page's text as a person reads it."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return text_of(answer)


def text_of(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


@pytest.fixture
def visitor(app):
    return Visitor(app)


@pytest.fixture
def orders(api):
    return api("POST", "/bins", {"slug": "orders", "name": "Orders"}).json


def test_the_first_visit_offers_a_bin_in_one_click(visitor):
    assert visitor.get("/").headers["Location"] == "/bins"
    assert "No bins yet" in visitor.read("/bins")
    made = visitor.post("/bins")
    assert made.status_code == 303
    page = visitor.get(made.headers["Location"])
    slug = made.headers["Location"].rpartition("/")[2]
    assert "Waiting for the first request" in page.text
    assert f'value="http://bin.example/b/{slug}"' in page.text
    assert f"curl http://bin.example/b/{slug}" in page.text
    assert f'action="/bins/{slug}/sample"' in page.text


def test_a_slug_can_be_chosen(visitor):
    assert visitor.post("/bins", slug=" orders ").headers["Location"] == "/bins/orders"


@pytest.mark.parametrize(("slug", "status", "says"), [("No Way", 422, "lower-case"), ("orders", 409, "already")])
def test_a_slug_that_cannot_be_is_explained_beside_its_field(visitor, orders, slug, status, says):
    answer = visitor.post("/bins", slug=slug)
    assert answer.status_code == status
    assert says in text_of(answer)
    assert f'value="{slug}"' in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_the_list_tells_counts_and_the_last_arrival(visitor, orders, send):
    assert "never" in visitor.read("/bins")
    send("orders")
    send("orders")
    page = visitor.read("/bins")
    assert "Orders http://bin.example/b/orders 2 just now" in page
    assert "never" not in page


def test_send_one_for_me_shows_a_sample_exactly(visitor, orders):
    answer = visitor.post("/bins/orders/sample")
    assert answer.headers["Location"] == "/bins/orders"
    page = visitor.read("/bins/orders")
    assert "9007199254740993" in page
    assert "POST /?source=sample" in page
    assert "order.paid" in page
    assert "http://bin.example/b/orders" in page


def test_the_newest_capture_is_shown_beside_the_list(visitor, orders, send):
    send("orders/first")
    send("orders/second", data=b"the second")
    page = visitor.get("/bins/orders").text
    assert page.index("/second") < page.index("/first")
    assert "the second" in page
    assert "has-selection" not in page


def test_a_capture_has_an_address_of_its_own(visitor, orders, send):
    first = send("orders/first?a=1&a=2", data=b"the first", headers={"X-Mine": "yes"}).json["id"]
    send("orders/second")
    page = visitor.get(f"/bins/orders/{first}")
    assert "the first" in page.text
    assert "has-selection" in page.text
    assert f'id="{first}" href="/bins/orders/{first}" aria-current="true"' in page.text
    assert f'data-copy="http://bin.example/bins/orders/{first}"' in page.text
    told = text_of(page)
    assert "X-Mine yes" in told
    assert "a 1/2 1 a 2/2 2" in told
    assert "curl 'http://bin.example/b/orders/first?a=1&a=2'" in told


def test_what_is_not_there_is_a_helpful_page(visitor, orders):
    for path in ("/bins/none", "/bins/orders/req_none", "/bins/none/settings"):
        answer = visitor.get(path)
        assert answer.status_code == 404
        assert "Not found" in text_of(answer)
        assert answer.content_type.startswith("text/html")


def test_captures_are_searched_and_links_keep_the_search(visitor, orders, send):
    send("orders/a", data=b"apples")
    send("orders/b", data=b"pears")
    page = visitor.get("/bins/orders?q=body:apples").text
    assert "/a</span>" in page
    assert "/b</span>" not in page
    assert "?q=body:apples" in page
    assert "Nothing found" in visitor.read("/bins/orders?q=plums")


def test_older_captures_are_a_page_away(visitor, orders, send):
    for number in range(53):
        send(f"orders/n{number}")
    page = visitor.get("/bins/orders").text
    assert page.count('class="item"') == 50
    older = re.search(r'href="(/bins/orders\?cursor=\d+)" rel="next"', page)[1]
    page = visitor.get(older).text
    assert re.findall(r"/n(\d+)</span><", page)[:3] == ["2", "1", "0"]
    assert page.count('class="item"') == 3
    assert "data-live-url" not in page  # news belong on the first page


def test_settings_are_changed_and_faults_explained(visitor, orders, api):
    assert visitor.post("/bins/orders/settings", name="Shop", max_requests="7").status_code == 303
    assert "Shop" in visitor.read("/bins/orders")
    changed = api("GET", "/bins/orders").json
    assert (changed["name"], changed["max_requests"]) == ("Shop", 7)
    for wrong in ("0", "", "many", "-1", "100001", "9" * 30):
        answer = visitor.post("/bins/orders/settings", name="Shop", max_requests=wrong)
        assert answer.status_code == 422
        assert "number from 1 to 100000" in text_of(answer)


@pytest.mark.parametrize("verb", ["clear", "delete"])
def test_what_would_be_lost_is_asked_for_first(visitor, orders, api, send, verb):
    send("orders")
    asked = visitor.post(f"/bins/orders/{verb}")
    assert "1 captures" in text_of(asked)
    assert api("GET", "/bins/orders").json["stored_count"] == 1
    done = visitor.post(f"/bins/orders/{verb}", confirmed="1")
    assert done.status_code == 303
    if verb == "clear":
        assert "Waiting for the next request" in visitor.read("/bins/orders")
        assert api("GET", "/bins/orders").json["stored_count"] == 0
    else:
        assert "is deleted" in visitor.read("/bins")
        assert api("GET", "/bins/orders").status_code == 404


def test_one_capture_is_deleted_after_asking(visitor, orders, api, send):
    capture_id = send("orders/gone").json["id"]
    send("orders/stays")
    assert "Delete this capture?" in text_of(visitor.post(f"/bins/orders/{capture_id}/delete"))
    assert visitor.post(f"/bins/orders/{capture_id}/delete", confirmed="1").status_code == 303
    assert [row["path"] for row in api("GET", "/bins/orders/requests").json["items"]] == ["/stays"]


def test_a_body_is_downloaded_as_it_came(visitor, orders, send):
    body = bytes(range(256))
    capture_id = send("orders", data=body, content_type="text/html").json["id"]
    answer = visitor.get(f"/bins/orders/{capture_id}/body")
    assert answer.data == body
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_files_of_a_form_are_downloaded_one_by_one(visitor, orders, send):
    head = b"--XX\r\nContent-Disposition: form-data; name="
    title = head + '"title"\r\n\r\nCafé\r\n'.encode()
    photo = head + rb'"photo"; filename="a\"<b>.png"' + b"\r\nContent-Type: image/png\r\n\r\n" + PNG + b"\r\n"
    body = title + photo + b"--XX--\r\n"
    capture_id = send("orders", data=body, content_type="multipart/form-data; boundary=XX").json["id"]
    answer = visitor.get(f"/bins/orders/{capture_id}")
    assert "title Café" in text_of(answer)
    assert '<td class="mono break" data-label="File">a&#34;&lt;b&gt;.png</td>' in answer.text
    answer = visitor.get(f"/bins/orders/{capture_id}/parts/1")
    assert answer.data == PNG
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{capture_id}-part-1.bin"'
    assert visitor.get(f"/bins/orders/{capture_id}/parts/2").status_code == 404


def test_only_raster_images_are_drawn(visitor, orders, send):
    drawn = send("orders", data=PNG, content_type="text/html").json["id"]
    answer = visitor.get(f"/bins/orders/{drawn}/image")
    assert (answer.data, answer.headers["Content-Type"]) == (PNG, "image/png")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    svg = send("orders", data=b"<svg onload='alert(1)'/>", content_type="image/svg+xml").json["id"]
    assert visitor.get(f"/bins/orders/{svg}/image").status_code == 404


def test_a_large_body_is_shown_in_part_and_on_request_in_full(visitor, orders, send):
    body = b"[" + b"1," * detail.SHOWN + b"2]"
    capture_id = send("orders", data=body, content_type="application/json").json["id"]
    page = visitor.get(f"/bins/orders/{capture_id}")
    assert "Only the beginning is shown" in page.text
    assert f"/bins/orders/{capture_id}?all=1" in page.text
    whole = visitor.get(f"/bins/orders/{capture_id}?all=1")
    assert "Only the beginning" not in whole.text
    assert len(whole.text) > len(page.text)


def test_a_poll_tells_what_the_stream_would(visitor, orders, send):
    send("orders/1")
    assert visitor.get("/bins/orders/news").json == {"items": []}
    assert visitor.get("/bins/orders/news?after=1").json == {"items": []}
    sent = [send("orders/2").json["id"], send("orders/3").json["id"]]
    items = visitor.get("/bins/orders/news?after=1").json["items"]
    assert [item["id"] for item in items] == ["2", "3"]
    assert [re.search(r'id="(req_\w+)"', item["html"])[1] for item in items] == sent
    assert items[-1]["counts"] == {"stored": 3, "captured": 3}


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


def test_a_form_without_its_token_changes_nothing(app, orders, api):
    visitor = Visitor(app)
    answer = visitor.client.post("/bins/orders/delete", data={"confirmed": "1"}, headers={"Host": "bin.example"})
    assert answer.status_code == 400
    assert api("GET", "/bins/orders").status_code == 200
