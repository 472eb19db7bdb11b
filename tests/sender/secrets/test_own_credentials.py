"""Credentials in headers of a webhook's own are sent, and not kept: with no attempt, in no answer that repeats them."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from sqlalchemy import select

from sender.core.signatures.credentials import is_credential
from sender.models import Attempt, Delivery, db

BASIC = base64.b64encode(b"ann:correct horse").decode()
OWN = {
    "Authorization": f"Basic {BASIC}",
    "Cookie": 'theme=dark; session="s3ssion/id+1234"',
    "X-Api-Key": "k3y&<value>/12345",
    "X-CLIENT-SECRET": "cl1ent secret phrase",
    "x-hub-token": "t0ken+0123456789",
    "X-Password-Hint": "passw0rd 42",
    "X-Team": "the billing team",
}
SECRET = [BASIC, "correct horse", "s3ssion/id+1234", "k3y&<value>/12345", "cl1ent secret phrase", "t0ken+0123456789"]


def echo(sent):
    """An answer that repeats, plain and in escapes, what it was sent."""
    said = [sent[name] for name in OWN] + SECRET
    body = "\n".join(["before", *said, json.dumps(said), *(quote(one, safe="") for one in said), "after"])
    return {"X-Echo": sent["X-Api-Key"], "Location": f"/login?by={quote(sent['X-Api-Key'], safe='')}"}, body.encode()


@pytest.mark.parametrize("scheme", ["standard", "token", "none"])
@pytest.mark.parametrize("status", [200, 302])
def test_they_are_sent_and_not_kept(api, app, sink, visitor, scheme, status):
    sink.answer = echo
    hook = api.webhook(sink.url(status), headers=OWN, signature={"scheme": scheme})
    delivery = api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})[1]
    (attempt,) = delivery["attempts"]
    sent, kept = dict(sink.requests[-1][0]), dict(attempt["request"]["headers"])
    for name, value in OWN.items():
        assert sent[name] == value
        assert kept[name] == ("the billing team" if name == "X-Team" else "[redacted]")
    body = base64.b64decode(attempt["response"]["body_base64"]).decode()
    assert (body.partition("\n")[0], body.rpartition("\n")[2]) == ("before", "after")
    assert "the billing team" in body
    with app.app_context():
        rows = str(db.session.execute(select(Attempt.__table__)).all())
        rows += str(db.session.execute(select(Delivery.reason)).all())
    page = visitor.get(f"/deliveries/{delivery['id']}").text
    for secret in SECRET:
        for trace in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
            for told in (rows, json.dumps(delivery), body, page):
                assert trace not in told


def test_the_webhook_gives_them_back_to_be_changed(api, sink):
    hook = api.webhook(sink.url(), headers=OWN)
    path = f"/api/v1/webhooks/{hook['id']}"
    assert api("GET", path)[1]["headers"] == OWN
    assert api("PATCH", path, {"headers": hook["headers"]})[1]["headers"] == OWN


def test_a_list_of_webhooks_holds_none_and_what_stands_for_them_is_not_taken_for_them(api, sink):
    hook = api.webhook(sink.url(), headers=OWN)
    (listed,) = api("GET", "/api/v1/webhooks")[1]["items"]
    assert listed["headers"] == dict.fromkeys(OWN, "[redacted]") | {"X-Team": OWN["X-Team"]}
    path = f"/api/v1/webhooks/{hook['id']}"
    status, problem = api("PATCH", path, {"headers": listed["headers"]})
    assert (status, {one["field"] for one in problem["errors"]}) == (422, {"headers"})
    assert "stands for a value that is not shown" in problem["errors"][0]["message"]
    assert api("GET", path)[1]["headers"] == OWN


def test_a_value_that_any_text_may_hold_is_hidden_in_the_request_alone(api, sink):
    sink.answer = lambda sent: ({}, f"we had {sent['X-Token']} errors".encode())
    hook = api.webhook(sink.url(), headers={"X-Token": "no"})
    (attempt,) = api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})[1]["attempts"]
    assert dict(attempt["request"]["headers"])["X-Token"] == "[redacted]"
    assert base64.b64decode(attempt["response"]["body_base64"]) == b"we had no errors"


@pytest.mark.parametrize(
    "name",
    [
        *("X-Authorization", "X-Forwarded-Authorization", "X-Auth", "auth", "Partner_Auth", "X-Auth-User"),
        *("X-Session", "X-Session-Id", "X-Credentials", "X-Cookie", "X-Access-Pwd", "X-Passphrase", "X-JWT"),
    ],
)
def test_what_says_so_in_other_words_is_one_too(name):
    assert is_credential(name)


NONE = ["webhook-signature", "X-Hub-Signature-256", "Content-Type", "Host", "X-Author", "X-Authentic-By", "X-Team"]


@pytest.mark.parametrize("name", NONE)
def test_what_every_delivery_carries_is_none(name):
    assert not is_credential(name)
