"""The pages of bins, as a browser without scripts uses them: made, listed, set up, emptied and deleted."""

from __future__ import annotations

import re

import pytest

from receiver.views.pages import bins as pages
from tests.receiver.visitor import Visitor
from tests.visitor import text_of


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


def test_who_pages_on_is_led_back_to_the_newest(visitor, orders, api, monkeypatch):
    monkeypatch.setattr(pages, "PER_PAGE", 1)
    api("POST", "/bins", {})
    (older,) = re.findall(r'href="(/bins\?cursor=[^"]+)"', visitor.get("/bins").text)
    assert re.search(r'<a [^>]*href="/bins"[^>]* rel="first">', visitor.get(older).text)


def test_send_one_for_me_shows_a_sample_exactly(visitor, orders):
    answer = visitor.post("/bins/orders/sample")
    assert answer.headers["Location"] == "/bins/orders"
    page = visitor.read("/bins/orders")
    assert "9007199254740993" in page
    assert "POST /?source=sample" in page
    assert "order.paid" in page
    assert "http://bin.example/b/orders" in page


def test_settings_are_changed_and_faults_explained(visitor, orders, api):
    assert visitor.post("/bins/orders/settings", name="Shop", max_requests="7").status_code == 303
    assert "Shop" in visitor.read("/bins/orders")
    changed = api("GET", "/bins/orders").json
    assert (changed["name"], changed["max_requests"]) == ("Shop", 7)
    for wrong in ("0", "", "many", "-1", "100001", "9" * 30):
        answer = visitor.post("/bins/orders/settings", name="Shop", max_requests=wrong)
        assert answer.status_code == 422
        assert "number from 1 to 100000" in text_of(answer)


@pytest.mark.parametrize(
    ("verb", "count", "asks"),
    [
        ("clear", 1, "Delete 1 capture of Orders?"),
        ("clear", 2, "Delete all 2 captures of Orders?"),
        ("delete", 0, "Its URL stops working."),
        ("delete", 1, "Its URL stops working, and its 1 capture is deleted with it."),
        ("delete", 2, "Its URL stops working, and its 2 captures are deleted with it."),
    ],
)
def test_what_would_be_lost_is_asked_for_in_the_words_that_fit_how_much_it_is(visitor, orders, send, verb, count, asks):
    for _ in range(count):
        send("orders")
    assert asks in text_of(visitor.post(f"/bins/orders/{verb}"))
    for path in ("/bins", "/bins/orders/settings"):
        assert asks in visitor.get(path).text, "what a dialog asks"


def test_an_empty_bin_does_not_offer_to_be_emptied(visitor, orders, send):
    for path in ("/bins", "/bins/orders/settings"):
        assert "Delete all captures" not in visitor.read(path)
    send("orders")
    for path in ("/bins", "/bins/orders/settings"):
        assert "Delete all captures" in visitor.read(path)


@pytest.mark.parametrize("verb", ["clear", "delete"])
def test_what_would_be_lost_is_asked_for_first(visitor, orders, api, send, verb):
    send("orders")
    visitor.post(f"/bins/orders/{verb}")
    assert api("GET", "/bins/orders").json["stored_count"] == 1
    done = visitor.post(f"/bins/orders/{verb}", confirmed="1")
    assert done.status_code == 303
    if verb == "clear":
        assert "Waiting for the next request" in visitor.read("/bins/orders")
        assert api("GET", "/bins/orders").json["stored_count"] == 0
    else:
        assert "is deleted" in visitor.read("/bins")
        assert api("GET", "/bins/orders").status_code == 404


def test_what_is_not_there_is_a_helpful_page(visitor, orders):
    for path in ("/bins/none", "/bins/orders/req_none", "/bins/none/settings"):
        answer = visitor.get(path)
        assert answer.status_code == 404
        assert "Not found" in text_of(answer)
        assert answer.content_type.startswith("text/html")


def test_a_form_without_its_token_changes_nothing(app, orders, api):
    visitor = Visitor(app)
    answer = visitor.client.post("/bins/orders/delete", data={"confirmed": "1"}, headers={"Host": "bin.example"})
    assert answer.status_code == 400
    assert api("GET", "/bins/orders").status_code == 200
