"""Presets through the real path: what the API takes and shows, and deliveries verified from the wire alone."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from sender.core.signatures import SCHEMES
from sender.models import Attempt, Delivery, Webhook, db
from tests.sender.secrets.verifiers import REFUSALS, VERIFIERS, verify_v1a


def refused(api, sink, **fields):
    """The messages by field with which a webhook is refused."""
    body = {"name": "x", "url": sink.url(), "event_types": ["*"], **fields}
    status, problem = api("POST", "/api/v1/webhooks", body)
    assert status == 422, problem
    return {fault["field"]: fault["message"] for fault in problem["errors"]}


def received(sink):
    headers, body = sink.requests[-1]
    return {name.lower(): value for name, value in headers}, body


def send(api, webhook):
    status, delivery = api("POST", f"/api/v1/webhooks/{webhook['id']}/test", {})
    assert (status, delivery["state"]) == (200, "succeeded")
    return delivery


def test_one_delivery_of_each_scheme_verifies_from_the_wire_alone(api, sink, worker):
    hooks = {
        scheme: api.webhook(sink.url(), signature={"scheme": scheme}, headers={"X-Scheme": scheme})
        for scheme in SCHEMES
    }
    assert api("POST", "/api/v1/events", {"type": "payment_received", "payload": {"name": "Zoë"}})[0] == 202
    sink.wait_for(len(SCHEMES))
    arrived = {}
    for pairs, body in sink.requests:
        headers = {name.lower(): value for name, value in pairs}
        assert len(headers) == len(pairs)
        assert {"webhook-id", "webhook-timestamp", "content-type", "user-agent"} <= headers.keys()
        arrived[headers["x-scheme"]] = headers, body
    for scheme, verify in VERIFIERS.items():
        headers, body = arrived[scheme]
        verify(hooks[scheme]["secret"], headers, body)
        with pytest.raises(REFUSALS):
            verify(hooks[scheme]["secret"], headers, body.replace(b"payment", b"poyment"))
    headers, body = arrived["standard-ed25519"]
    verify_v1a(hooks["standard-ed25519"]["signature"]["public_key"], headers, body)
    assert arrived["token"][0]["x-webhook-token"] == hooks["token"]["secret"]
    assert arrived["bearer"][0]["authorization"] == f"Bearer {hooks['bearer']['secret']}"
    basic = base64.b64decode(arrived["basic"][0]["authorization"].removeprefix("Basic "))
    assert basic.decode() == hooks["basic"]["secret"]
    assert not {"webhook-signature", "authorization"} & arrived["none"][0].keys()
    assert [scheme for scheme in SCHEMES if "webhook-signature" in arrived[scheme][0]] == [
        "standard",
        "standard-ed25519",
        "svix",
    ]


@pytest.mark.parametrize(
    ("scheme", "secret"),
    [
        ("github", "It's a Secret to Everybody"),
        ("stripe", "whsec_as Stripe would write it"),
        ("standard-ed25519", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ],
)
def test_a_secret_of_ones_own_is_used_as_it_is(api, sink, scheme, secret):
    hook = api.webhook(sink.url(), signature={"scheme": scheme}, secret=secret)
    assert hook["secret"] == secret
    send(api, hook)
    VERIFIERS[scheme](secret, *received(sink))


def test_a_bare_seed_of_ones_own_signs_and_its_public_key_is_told(api, sink):
    seed = bytes(range(32))
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    given = "whsk_" + base64.b64encode(seed).decode()
    hook = api.webhook(sink.url(), signature={"scheme": "standard-ed25519"}, secret=given)
    assert hook["signature"]["public_key"] == "whpk_" + base64.b64encode(public).decode()
    assert hook["secret"].startswith("whsec_")
    send(api, hook)
    verify_v1a(hook["signature"]["public_key"], *received(sink))


def test_what_is_wrong_with_a_signature_is_told_by_field(api, sink):
    assert (
        "Choose one of standard, standard-ed25519"
        in refused(api, sink, signature={"scheme": "rot13"})["signature.scheme"]
    )
    assert "whsec_" in refused(api, sink, secret="github's")["secret"]
    assert "8 to 512" in refused(api, sink, signature={"scheme": "github"}, secret="short")["secret"]
    assert "user:password" in refused(api, sink, signature={"scheme": "basic"}, secret="no colon here")["secret"]
    assert "no such option" in refused(api, sink, signature={"scheme": "github", "header": "X"})["signature.header"]
    for name in ("Host", "webhook-id", "User-Agent", "Content-Length"):
        told = refused(api, sink, signature={"scheme": "token", "header": name})
        assert told["signature.header"] == f"{name} is set by the delivery itself."
    assert "header's name" in refused(api, sink, signature={"scheme": "token", "header": "a b"})["signature.header"]
    domain = {"scheme": "shopify", "shop_domain": "not a domain\r\nX: 1"}
    assert "host name" in refused(api, sink, signature=domain)["signature.shop_domain"]
    version = {"scheme": "shopify", "api_version": "v1\r\nX: 1"}
    assert "2026-10" in refused(api, sink, signature=version)["signature.api_version"]


@pytest.mark.parametrize(
    ("signature", "header"),
    [
        ({"scheme": "basic"}, "authorization"),
        ({"scheme": "github"}, "X-GITHUB-EVENT"),
        ({"scheme": "svix"}, "Svix-Id"),
        ({"scheme": "token", "header": "X-Key"}, "x-key"),
    ],
)
def test_a_header_of_ones_own_must_not_contradict_the_signature(api, sink, signature, header):
    assert "is set by the signature" in refused(api, sink, signature=signature, headers={header: "1"})["headers"]


def test_a_signature_is_shown_with_its_options_and_can_be_given_back(api, sink):
    hook = api.webhook(sink.url(), signature={"scheme": "token"})
    assert hook["signature"] == {"scheme": "token", "header": "X-Webhook-Token"}
    path = f"/api/v1/webhooks/{hook['id']}"
    asymmetric = {"scheme": "standard-ed25519"}
    changed = api("PATCH", path, {"signature": asymmetric})[1]
    assert changed["signature"]["public_key"].startswith("whpk_")
    again = api("PATCH", path, {"signature": changed["signature"], "name": "Other"})[1]
    assert again["signature"] == changed["signature"]
    assert again["secret"] is None
    assert api("PATCH", path, {"signature": {"scheme": "standard"}})[1]["signature"] == {"scheme": "standard"}


def test_shopify_without_a_shop_is_warned_about_where_it_is_set(api, sink):
    hook = api.webhook(sink.url(), signature={"scheme": "shopify"})
    assert hook["signature"] == {"scheme": "shopify", "api_version": "unstable"}
    assert ["X-Shopify-Shop-Domain" in warning for warning in hook["warnings"]] == [True]
    path = f"/api/v1/webhooks/{hook['id']}"
    mended = api("PATCH", path, {"signature": {"scheme": "shopify", "shop_domain": "a.myshopify.com"}})[1]
    assert mended["warnings"] == []


def test_a_private_key_is_never_shown_and_the_public_one_is(api, sink):
    hook = api.webhook(sink.url(), signature={"scheme": "standard-ed25519"})
    path = f"/api/v1/webhooks/{hook['id']}"
    shown = [hook, api("GET", path)[1], api("GET", f"{path}/secret")[1], api("POST", f"{path}/secret/rotate", {})[1]]
    assert not any("whsk_" in json.dumps(one) for one in shown)
    assert shown[2] == {"secret": hook["secret"], "public_key": hook["signature"]["public_key"]}
    assert shown[3]["public_key"] != hook["signature"]["public_key"]


@pytest.mark.parametrize(
    ("before", "after", "keeps"),
    [
        ("standard", "svix", True),
        ("standard", "stripe", True),
        ("standard", "standard-ed25519", True),
        ("standard-ed25519", "standard", True),
        ("standard", "none", True),
        ("stripe", "standard", True),
        ("github", "standard", False),
        ("github", "slack", True),
        ("token", "basic", False),
        ("basic", "bearer", True),
    ],
)
def test_another_scheme_keeps_the_secret_that_fits_and_tells_a_fresh_one(api, sink, before, after, keeps):
    secret = {"token": "a token with blanks", "stripe": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}.get(before)
    hook = api.webhook(sink.url(), signature={"scheme": before}, secret=secret)
    path = f"/api/v1/webhooks/{hook['id']}"
    status, changed = api("PATCH", path, {"signature": {"scheme": after}})
    now = api("GET", f"{path}/secret")[1]["secret"]
    assert (status, changed["secret"]) == (200, None if keeps else now)
    assert (now == hook["secret"]) is keeps
    send(api, hook)
    if after in VERIFIERS:
        VERIFIERS[after](now, *received(sink))


@pytest.mark.parametrize("scheme", ["token", "basic", "bearer"])
def test_a_secret_that_is_sent_in_clear_is_not_kept_with_the_attempt(api, app, sink, scheme):
    hook = api.webhook(sink.url(), signature={"scheme": scheme})
    delivery = send(api, hook)
    name = "x-webhook-token" if scheme == "token" else "authorization"
    assert received(sink)[0][name] != "[redacted]"
    kept = {key.lower(): value for key, value in delivery["attempts"][0]["request"]["headers"]}
    assert kept[name] == "[redacted]"
    with app.app_context():
        rows = json.dumps([list(row) for row in db.session.execute(select(Attempt.request_headers))])
        stored = db.session.scalar(select(Webhook.encrypted_secret))
    assert hook["secret"] not in rows
    assert base64.b64encode(hook["secret"].encode()).decode() not in rows
    assert hook["secret"] not in stored


def test_the_pace_of_a_webhook_is_set_shown_and_checked(api, sink):
    hook = api.webhook(sink.url())
    assert (hook["max_in_flight"], hook["rate_limit"], hook["rate_period"]) == (10, None, "second")
    path = f"/api/v1/webhooks/{hook['id']}"
    pace = {"max_in_flight": 512, "rate_limit": 10_000, "rate_period": "minute"}
    changed = api("PATCH", path, pace)[1]
    assert {name: changed[name] for name in pace} == pace
    assert api("PATCH", path, {"name": "Same pace"})[1]["rate_limit"] == 10_000
    assert api("PATCH", path, {"rate_limit": None})[1]["rate_limit"] is None
    status, problem = api("PATCH", path, {"max_in_flight": 0, "rate_limit": 10_001, "rate_period": "hour"})
    told = {fault["field"]: fault["message"] for fault in problem["errors"]}
    assert (status, told.keys()) == (422, {"max_in_flight", "rate_limit", "rate_period"})
    assert "1 to 512" in told["max_in_flight"]
    assert "1 to 10,000" in told["rate_limit"]
    assert told["rate_period"] == "Choose one of second, minute."
    assert refused(api, sink, max_in_flight=513).keys() == {"max_in_flight"}


CLEAR = {
    "token": 'a "token" / with <signs> & blanks',
    "basic": "hookloop:pass/word+with&signs=",
    "bearer": "bearer/token+with&signs=",
}


def echo(sent):
    """An answer that repeats the headers it got in every way that endpoints do."""
    values = [sent[name] for name in ("X-Webhook-Token", "Authorization") if name in sent]
    credentials = [base64.b64decode(value.split()[1]).decode() for value in values if value.startswith("Basic ")]
    said = [*values, *credentials, *(one.partition(":")[2] for one in credentials)]
    texts = [spell(one) for one in said for spell in (str, json.dumps, html.escape, lambda one: quote(one, safe=""))]
    body = "\n".join(["before", *texts, json.dumps(said).replace("/", "\\/"), "after \xe9"])
    headers = {"X-Echo": ", ".join(said), "Location": f"/login?{'x' * 150}&by={quote(said[-1], safe='')}"}
    return headers, body.encode("latin-1")


@pytest.mark.parametrize("scheme", CLEAR)
@pytest.mark.parametrize("status", [200, 302])
def test_a_secret_that_the_answer_repeats_is_not_kept(api, app, sink, visitor, scheme, status):
    sink.answer = echo
    hook = api.webhook(sink.url(status), signature={"scheme": scheme}, secret=CLEAR[scheme])
    _, delivery = api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})
    (attempt,) = delivery["attempts"]
    answer = attempt["response"]
    assert "[redacted]" in dict(answer["headers"])["X-Echo"]
    body = base64.b64decode(answer["body_base64"]).decode("latin-1")
    assert body.startswith("before\n")
    assert body.endswith("\nafter \xe9")
    assert body.count("[redacted]") >= 5
    assert ("[redacted]; redirects are" in attempt["detail"]) is (status == 302)
    page = html.unescape(visitor.get(f"/deliveries/{delivery['id']}").text)
    with app.app_context():
        rows = str(
            db.session.execute(select(Attempt.__table__)).all() + db.session.execute(select(Delivery.reason)).all()
        )
    secret = CLEAR[scheme]
    password = secret.partition(":")[2] or secret
    encoded = base64.b64encode(secret.encode()).decode()
    for trace in (
        secret,
        password,
        encoded,
        json.dumps(password)[1:-1],
        html.escape(password),
        quote(password, safe=""),
    ):
        for told in (json.dumps(delivery), body, page, rows):
            assert trace not in told


def test_a_secret_that_is_cut_off_with_the_answer_is_not_kept_either(api, sink):
    secret = "tok_" + "0123456789" * 5
    sink.answer = lambda _sent: ({}, b"x" * (65_536 - 20) + secret.encode())
    hook = api.webhook(sink.url(), signature={"scheme": "bearer"}, secret=secret)
    answer = send(api, hook)["attempts"][0]["response"]
    assert answer["truncated"]
    assert base64.b64decode(answer["body_base64"]).endswith(b"xx[redacted]")


@pytest.mark.parametrize("scheme", ["standard", "none"])
def test_an_answer_is_kept_as_it_came_where_no_secret_was_sent(api, sink, scheme):
    hook = api.webhook(sink.url(), signature={"scheme": scheme})
    body = f"{hook['secret']} [redacted] \xff".encode("latin-1")
    sink.answer = lambda _sent: ({"X-Echo": "Bearer abc"}, body)
    answer = send(api, hook)["attempts"][0]["response"]
    assert base64.b64decode(answer["body_base64"]) == body
    assert dict(answer["headers"])["X-Echo"] == "Bearer abc"
