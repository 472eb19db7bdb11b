"""The inspector, as a browser without scripts uses it: captures found, read, downloaded and deleted."""

from __future__ import annotations

import re

from receiver.views import detail
from tests.visitor import text_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50


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
    known = re.search(r'data-last-id="([^"]+)"', visitor.get("/bins/orders").text)[1]
    assert visitor.get(f"/bins/orders/news?after={known}").json == {"items": []}
    sent = [send("orders/2").json["id"], send("orders/3").json["id"]]
    items = visitor.get(f"/bins/orders/news?after={known}").json["items"]
    assert [item["id"].partition(".")[0] for item in items] == ["2", "3"]
    assert [re.search(r'id="(req_\w+)"', item["html"])[1] for item in items] == sent
    assert items[-1]["counts"] == {"stored": 3, "captured": 3}


def test_a_poll_asks_for_the_list_anew_until_the_page_knows_what_was_deleted(visitor, orders, send):
    gone = send("orders/1").json["id"]
    known = re.search(r'data-last-id="([^"]+)"', visitor.get("/bins/orders").text)[1]
    send("orders/2")
    visitor.post(f"/bins/orders/{gone}/delete", confirmed="1")
    new, renewal = visitor.get(f"/bins/orders/news?after={known}").json["items"]
    assert renewal["renew"]
    assert renewal["counts"] == {"stored": 1, "captured": 2}
    assert visitor.get(f"/bins/orders/news?after={new['id']}").json["items"] == [renewal]
    assert visitor.get(f"/bins/orders/news?after={renewal['id']}").json == {"items": []}
