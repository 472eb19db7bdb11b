"""Sending a capture on, to a server that keeps the bytes it gets."""

from __future__ import annotations

import base64
import socket

import pytest
from sqlalchemy import update

from receiver.core import capture
from receiver.models import Capture, db
from tests.receiver.rawserver import RawServer
from tests.receiver.visitor import Visitor
from tests.visitor import text_of

HEADERS = (("Host", "bin.example"), ("x-Dup", "1"), ("Content-Type", "a/b"), ("Content-Length", "9"), ("X-DUP", "2"))


@pytest.fixture
def target():
    with RawServer() as running:
        yield running


@pytest.fixture
def captured(app, api, send):
    """The id of a capture with duplicate headers in a certain case, as only a real server would have seen them."""
    api("POST", "/bins", {"slug": "orders"})
    capture_id = send("orders/x?y=1", method="PATCH", data=bytes(range(9))).json["id"]
    with app.app_context():
        db.session.execute(update(Capture).values(headers=HEADERS))
        db.session.commit()
    return capture_id


def url_of(target):
    return f"http://127.0.0.1:{target.port}/in?from=bin"


def test_the_same_request_goes_on(api, captured, target):
    answer = api("POST", f"/bins/orders/requests/{captured}/forward", {"url": url_of(target)})
    assert answer.status_code == 200
    head, _, body = target.requests[0].partition(b"\r\n\r\n")
    line, _, block = head.partition(b"\r\n")
    assert line == b"PATCH /in?from=bin HTTP/1.1"
    assert body == bytes(range(9))
    sent = capture.parse_header_block(block)
    assert [pair for pair in sent if pair[0].lower() == "x-dup"] == [("x-Dup", "1"), ("X-DUP", "2")]
    assert ("Content-Type", "a/b") in sent
    assert ("Host", f"127.0.0.1:{target.port}") in sent
    assert ("X-Hookloop-Forward", captured) in sent


def test_what_came_back_is_told(api, captured, target):
    told = api("POST", f"/bins/orders/requests/{captured}/forward", {"url": url_of(target)}).json
    assert (told["outcome"], told["response"]["status"], told["response"]["truncated"]) == ("succeeded", 200, False)
    assert ["Connection", "close"] in told["response"]["headers"]
    assert told["request"]["method"] == "PATCH"
    assert told["request"]["url"] == url_of(target)
    assert base64.b64decode(told["request"]["body_base64"]) == bytes(range(9))
    assert told["duration_ms"] >= 0


def test_a_refused_connection_is_an_outcome(api, captured):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        told = api("POST", f"/bins/orders/requests/{captured}/forward", {"url": url}).json
    assert (told["outcome"], told["response"]) == ("refused", None)
    assert told["detail"]


@pytest.mark.parametrize(
    "url",
    ["", "ftp://example.com/", "http://", "http://10.0.0.1/", "http://[::1]/", "http://u:p@example.com/", "http://a b"],
)
def test_a_url_that_cannot_be_a_target_is_refused_in_words(api, captured, url):
    answer = api("POST", f"/bins/orders/requests/{captured}/forward", {"url": url})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "url"


def test_only_what_is_there_is_forwarded(api, captured):
    assert api("POST", "/bins/orders/requests/req_none/forward", {"url": "http://example.com/"}).status_code == 404


def test_the_page_shows_what_came_back(app, captured, target):
    answer = Visitor(app).post(f"/bins/orders/{captured}/forward", url=url_of(target))
    told = text_of(answer)
    assert answer.status_code == 200
    assert "data-dialog-content" in answer.text
    assert "Delivered: 200, with an empty body" in told
    assert f"X-Hookloop-Forward {captured}" in told
    assert len(target.requests) == 1


def test_the_page_says_why_nothing_was_sent(app, captured):
    answer = Visitor(app).post(f"/bins/orders/{captured}/forward", url="http://10.0.0.1/")
    assert answer.status_code == 422
    assert "Nothing was sent" in text_of(answer)
    assert 'value="http://10.0.0.1/"' in answer.text
