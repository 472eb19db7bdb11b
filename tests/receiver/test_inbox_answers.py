"""What the inbox answers, called as any WSGI server would call it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client
from werkzeug.wrappers import Response

from receiver.core.capture import OwnCredentials
from receiver.services.intake import Intake
from receiver.views.inbox import Inbox, Limits
from shared import database
from tests.receiver.factories import add_bin, bin_of, captures_of


@pytest.fixture
def stopping():
    return threading.Event()


@pytest.fixture
def inbox(engine, stopping):
    intake = Intake(engine)
    own = OwnCredentials(frozenset(), "token")
    yield Inbox(intake, Limits(body=100, trusted_proxies=0, delayed=1), own, stopping)
    stopping.set()
    intake.close()


@pytest.fixture
def client(inbox):
    return Client(DispatcherMiddleware(Response("elsewhere"), {"/b": inbox}))


def rule(engine, document):
    add_bin(engine, response=json.dumps(document))


def outcomes(inbox):
    samples = inbox.answers.collect()[0].samples
    return {sample.labels["outcome"]: sample.value for sample in samples if sample.name.endswith("_total")}


def test_any_server_will_do(engine, client):
    add_bin(engine)
    answer = client.post("/b/orders/a%2Fb?c=d", data=b"hello", headers={"X-Dup": "1"}, content_type="text/plain")
    (row,) = captures_of(engine)
    assert answer.json == {"ok": True, "id": row.id}
    assert (row.target, row.path, row.body, row.header_fidelity) == ("/b/orders/a%2Fb?c=d", "/a%2Fb", b"hello", "wsgi")
    assert ("X-Dup", "1") in row.headers
    assert ("Content-Type", "text/plain") in row.headers


@pytest.mark.parametrize("slug", ["%00", "a%00b", "%FF", "x" * 5000])
def test_what_can_be_no_slug_is_no_bin(client, slug):
    assert client.post(f"/b/{slug}").status_code == 404


def test_a_nul_in_what_is_captured_is_kept(engine, client):
    add_bin(engine)
    assert client.post("/b/orders/%00?a=%00", data=b"\0").status_code == 200
    (row,) = captures_of(engine)
    assert (row.target, row.path, row.query, row.body) == ("/b/orders/%00?a=%00", "/%00", "a=%00", b"\0")


def test_what_is_not_below_the_mount_goes_elsewhere(client):
    assert client.get("/bins").text == "elsewhere"


def test_a_rule_is_answered_in_full(engine, client):
    rule(engine, {"status": 418, "headers": {"X-Tea": "yes", "Content-Type": "text/html"}, "body": "<b>é</b>"})
    answer = client.post("/b/orders")
    assert (answer.status, answer.text) == ("418 I'm a Teapot", "<b>é</b>")
    assert answer.headers["X-Tea"] == "yes"
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert json.loads(captures_of(engine)[0].response)["status"] == 418


def test_a_sequence_is_answered_in_turn(engine, client):
    rule(engine, {"sequence": [{"status": 500}, {"status": 204}, {"status": 599}], "repeat": "cycle"})
    assert [client.post("/b/orders").status_code for _ in range(4)] == [500, 204, 599, 500]


def test_an_answer_without_content_has_no_length(engine, client):
    rule(engine, {"status": 204})
    assert "Content-Length" not in client.post("/b/orders").headers


def test_head_gets_the_headers_of_get(engine, client):
    rule(engine, {"body": "hello"})
    answer = client.head("/b/orders")
    assert (answer.headers["Content-Length"], answer.data) == ("5", b"")


def test_a_delayed_answer_waits_after_the_capture_is_stored(engine, client, stopping):
    rule(engine, {"delay_ms": 30_000})
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.post, "/b/orders")
        while not captures_of(engine):
            pass
        assert not waiting.done()
        stopping.set()
        assert waiting.result(10).status_code == 200


def test_too_many_delayed_answers_are_refused_but_stored(engine, client, inbox, stopping):
    rule(engine, {"delay_ms": 30_000})
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.post, "/b/orders")
        while inbox._delays._value:
            pass
        refused = client.post("/b/orders")
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "2"
        assert "was stored" in refused.json["detail"]
        assert len(captures_of(engine)) == 2
        stopping.set()
        assert waiting.result(10).status_code == 200


@pytest.mark.parametrize("kind", ["script", "style", "serviceworker"])
def test_our_own_pages_never_get_code_from_a_bin(engine, client, kind):
    rule(engine, {"headers": {"Content-Type": "text/javascript"}, "body": "alert(1)"})
    own = client.get("/b/orders", headers={"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": kind})
    assert own.headers.get_all("Content-Type") == ["text/plain"]
    other = client.get("/b/orders", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": kind})
    assert other.headers["Content-Type"] == "text/javascript"


def test_a_failing_database_is_told_and_may_be_tried_again(engine, client, inbox):
    add_bin(engine)
    client.post("/b/orders")
    with database.writing_connection(engine) as connection:
        connection.execute(text("ALTER TABLE captures RENAME TO elsewhere"))
    answer = client.post("/b/orders")
    assert answer.status_code in (500, 503)
    assert answer.content_type == "application/problem+json"
    with database.writing_connection(engine) as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO captures"))
    assert client.post("/b/orders").status_code == 200
    assert bin_of(engine).captured_count == 2


def test_what_became_of_requests_is_counted(engine, client, inbox):
    add_bin(engine)
    client.post("/b/orders")
    client.post("/b/none")
    client.post("/b/orders", data=b"x" * 101)
    assert outcomes(inbox) == {"captured": 1, "not_found": 1, "too_large": 1}
