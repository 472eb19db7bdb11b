"""An endpoint is asked for permission, and what it grants is kept to (CloudEvents' web hooks 1.0, section 4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sender.core import handshake
from sender.services import permissions
from sender.services.deliveries import revisions_of
from shared import clock
from shared.exchange import Exchange, Response
from shared.outcome import of_status
from tests.visitor import text_of

ORIGIN = "127.0.0.1"  # of the sender's public URL, as the tests leave it


@pytest.fixture
def ask(api, sink):
    """Ask the endpoint of a webhook, which answers with `granted`; return what the API says of it."""

    def ask(hook, **granted):
        sink.permit = lambda _asked: {f"WebHook-Allowed-{name.capitalize()}": value for name, value in granted.items()}
        status, answer = api("POST", f"/api/v1/webhooks/{hook['id']}/permission")
        assert status == 200, answer
        shown = api("GET", f"/api/v1/webhooks/{hook['id']}")[1]
        assert answer["permission"] == shown["permission"]
        assert [answer[name] for name in ("rate_limit", "rate_period")] == [shown["rate_limit"], shown["rate_period"]]
        return answer

    return ask


def answered(origin, *fields):
    """What an endpoint grants with these header fields."""
    named = tuple((f"WebHook-Allowed-{name}", value) for name, value in fields)
    asked, answer = handshake.ask("https://example.com/", origin, None), Response(200, named, b"", truncated=False)
    return handshake.read(Exchange(asked, answer, of_status(200), clock.now(), 1.0), origin)


def delivered(api, sink):
    """Publish an event and return the headers with which it arrives."""
    before = len(sink.requests)
    api.publish()
    sink.wait_for(before + 1)
    return {name.lower(): value for name, value in sink.requests[-1][0]}


def test_what_is_granted_is_shown_kept_to_and_named_with_each_delivery(api, sink, hook, worker, ask):
    assert "webhook-request-origin" not in delivered(api, sink)
    answer = ask(hook, origin=ORIGIN, rate="120")
    assert (answer["granted"], answer["detail"]) == (True, "The endpoint permits 120 requests a minute.")
    assert (answer["permission"]["origin"], answer["permission"]["rate"]) == (ORIGIN, 120)
    assert (answer["rate_limit"], answer["rate_period"]) == (120, "minute")
    assert delivered(api, sink)["webhook-request-origin"] == ORIGIN


def test_a_test_event_names_the_origin_too(api, sink, hook, ask):
    ask(hook, origin="*")
    assert api("POST", f"/api/v1/webhooks/{hook['id']}/test", {})[1]["state"] == "succeeded"
    assert dict(sink.requests[-1][0])["webhook-request-origin"] == ORIGIN


def test_a_grant_without_a_rate_leaves_the_limit_as_it_is(api, sink, ask):
    hook = api.webhook(sink.url(), rate_limit=7)
    for granted in ({"origin": "*"}, {"origin": "*", "rate": "*"}, {"origin": ORIGIN}):
        answer = ask(hook, **granted)
        assert (answer["granted"], answer["permission"]["rate"]) == (True, None)
        assert (answer["rate_limit"], answer["rate_period"]) == (7, "second")


def test_what_is_asked_says_who_asks_and_how_much_and_holds_no_credential(api, sink, ask):
    asked = []
    hook = api.webhook(
        sink.url(), rate_limit=3, headers={"X-Api-Key": "of the endpoint"}, signature={"scheme": "bearer"}
    )
    sink.permit = lambda headers: asked.append({name.lower(): value for name, value in headers.items()}) or {}
    api("POST", f"/api/v1/webhooks/{hook['id']}/permission")
    (headers,) = asked
    assert (headers["webhook-request-origin"], headers["webhook-request-rate"]) == (ORIGIN, "180")
    assert not {"x-api-key", "authorization", "webhook-signature"} & set(headers)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Hooks.example:8443/sender", "hooks.example"),
        ("https://hooks.example.", "hooks.example"),
        ("https://bücher.example", "xn--bcher-kva.example"),
        ("http://[::1]:8000", "::1"),
    ],
)
def test_the_origin_is_the_public_host_as_dns_knows_it(context, url, origin):
    settings = context.settings.model_copy(update={"sender_public_url": url})
    assert permissions.origin_of(replace(context, settings=settings)) == origin


@pytest.mark.parametrize(
    ("granted", "why"),
    [
        ({}, "The endpoint answered 405 without WebHook-Allowed-Origin."),
        ({"origin": "elsewhere.example"}, "The endpoint permits elsewhere.example, not 127.0.0.1."),
        ({"origin": "*", "rate": "0"}, "The endpoint permits a rate that is none: 0."),
        ({"origin": "*", "rate": "-1"}, "The endpoint permits a rate that is none: -1."),
        ({"origin": "*", "rate": "9" * 4000}, f"The endpoint permits a rate that is none: {'9' * 100}."),
        ({"origin": ""}, "The endpoint answered 405 without WebHook-Allowed-Origin."),
        ({"rate": "10"}, "The endpoint answered 405 without WebHook-Allowed-Origin."),
    ],
)
def test_what_is_not_granted_ends_what_was(api, sink, hook, worker, ask, granted, why):
    ask(hook, origin="*")
    answer = ask(hook, **granted)
    assert (answer["granted"], answer["detail"], answer["permission"]) == (False, why, None)
    assert answer["rate_limit"] is None
    assert "webhook-request-origin" not in delivered(api, sink), "and stops nothing"


@pytest.mark.parametrize(
    ("fields", "granted", "rate"),
    [
        ([("Origin", "*"), ("Origin", "*"), ("Rate", "10"), ("Rate", "10")], True, 10),
        ([("Origin", "*"), ("Rate", "10"), ("Rate", "5000")], False, None),
        ([("Origin", "elsewhere.example"), ("Origin", "*")], False, None),
    ],
)
def test_headers_that_come_twice_grant_what_both_say(fields, granted, rate):
    permission = answered(ORIGIN, *fields)
    assert (permission.granted, permission.rate) == (granted, rate)


@pytest.mark.parametrize(("origin", "said"), [("hooks.example", "Hooks.Example"), ("Hooks.Example", "hooks.example")])
def test_an_origin_is_permitted_in_any_case(origin, said):
    assert answered(origin, ("Origin", said)).granted


def test_an_endpoint_that_cannot_be_asked_grants_nothing(api, ask):
    hook = api.webhook("https://private.example/")
    assert ask(hook)["granted"] is False
    assert api("POST", "/api/v1/webhooks/whk_none/permission")[0] == 404


def test_another_url_is_to_be_asked_anew(api, sink, hook, ask):
    ask(hook, origin="*", rate="60")
    _, changed = api("PATCH", f"/api/v1/webhooks/{hook['id']}", {"url": sink.url(201)})
    assert (changed["permission"], changed["rate_limit"]) == (None, 60)


def test_an_answer_of_an_endpoint_that_was_left_meanwhile_counts_for_nothing(api, sink, hook):
    def change(_asked):
        api("PATCH", f"/api/v1/webhooks/{hook['id']}", {"url": sink.url(201)})
        return {"WebHook-Allowed-Origin": "*"}

    sink.permit = change
    assert api("POST", f"/api/v1/webhooks/{hook['id']}/permission")[0] == 409
    assert api("GET", f"/api/v1/webhooks/{hook['id']}")[1]["permission"] is None


def test_an_endpoint_that_takes_its_time_holds_no_connection_to_the_database(api, sink, hook, engine):
    held = []
    sink.permit = lambda _asked: held.append(engine.pool.checkedout()) or {}
    api("POST", f"/api/v1/webhooks/{hook['id']}/permission")
    assert held == [0]


def test_what_a_worker_holds_is_claimed_anew_with_what_was_granted(hook, deliverer, engine, api, ask):
    api.publish()
    (claim,) = deliverer.claim()
    ask(hook, origin="*")
    with engine.connect() as connection:
        assert revisions_of(connection, [hook["id"]]) != {hook["id"]: claim.revision}


@pytest.mark.parametrize(
    ("rate", "limit", "period", "expected"),
    [
        (120, None, "second", (120, "minute")),
        (120, 2, "second", (2, "second")),
        (119, 2, "second", (119, "minute")),
        (120, 500, "minute", (120, "minute")),
        (120, 100, "minute", (100, "minute")),
        (1, None, "minute", (1, "minute")),
        (60_059, None, "minute", (1000, "second")),
        (999_999_999, None, "second", (10_000, "second")),
    ],
)
def test_the_limit_keeps_to_what_is_permitted(rate, limit, period, expected):
    assert handshake.limit_within(rate, limit, period) == expected


def test_the_page_asks_and_says_what_was_granted(sink, hook, visitor):
    path = f"/webhooks/{hook['id']}"
    assert "Ask for permission" in visitor.read(path)
    sink.permit = lambda _asked: {"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "1"}
    page = text_of(visitor.post(f"{path}/permission"))
    assert "The endpoint permits 1 request a minute." in page
    assert f"Granted to {ORIGIN}" in page
    assert "Ask again" in page
    sink.permit = lambda _asked: {}
    page = text_of(visitor.post(f"{path}/permission"))
    assert "without WebHook-Allowed-Origin" in page
    assert "Ask for permission" in page
