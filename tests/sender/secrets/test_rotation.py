"""Rotation: who signs when, what is shown of it, what is told, and what stays hidden."""

from __future__ import annotations

import itertools
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
from sqlalchemy import select, update

from sender.models import Event, Webhook, db
from sender.services import secrets
from sender.services.vault import Vault
from tests.sender.secrets.verifiers import REFUSALS, VERIFIERS, verify_v1a

OTHER = "whsec_" + "QUJD" * 12
DAY = 86_400
BASIC = {"scheme": "basic"}


def path_of(hook):
    return f"/api/v1/webhooks/{hook['id']}"


def rotate(api, hook, **body):
    status, rotated = api("POST", f"{path_of(hook)}/secret/rotate", body)
    assert status == 200, rotated
    return rotated


def deliver(api, sink, hook):
    """One delivery's headers and body as they arrived."""
    assert api("POST", f"{path_of(hook)}/test", {})[1]["state"] == "succeeded"
    headers, body = sink.requests[-1]
    return {name.lower(): value for name, value in headers}, body


def tokens(headers):
    return headers["webhook-signature"].split(" ")


def expire(app, hook):
    """Let the ends of all old secrets be past."""
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    with app.app_context():
        row = db.session.scalar(select(Webhook).where(Webhook.id == hook["id"]))
        old = [[locked, past] for locked, _ in row.old_secrets]
        db.session.execute(update(Webhook).where(Webhook.id == hook["id"]).values(old_secrets=old))
        db.session.commit()


def expires_in(old):
    return (datetime.fromisoformat(old["expires_at"]) - datetime.now(UTC)).total_seconds()


def test_both_secrets_verify_during_the_overlap_and_only_the_new_one_after_it(api, app, sink, hook):
    rotated = rotate(api, hook)
    assert rotated["secret"] != hook["secret"]
    (old,) = rotated["old_secrets"]
    assert DAY - 60 < expires_in(old) <= DAY
    headers, body = deliver(api, sink, hook)
    for secret in (hook["secret"], rotated["secret"]):
        standardwebhooks.Webhook(secret).verify(body, headers)
    expire(app, hook)
    headers, body = deliver(api, sink, hook)
    assert len(tokens(headers)) == 1
    standardwebhooks.Webhook(rotated["secret"]).verify(body, headers)
    with pytest.raises(REFUSALS):
        standardwebhooks.Webhook(hook["secret"]).verify(body, headers)
    assert api("GET", path_of(hook))[1]["old_secrets"] == []


@pytest.mark.parametrize("scheme", ["standard-ed25519", "stripe", "svix"])
def test_every_scheme_that_carries_several_signatures_overlaps(api, sink, scheme):
    hook = api.webhook(sink.url(), signature={"scheme": scheme})
    rotated = rotate(api, hook)
    arrived = deliver(api, sink, hook)
    for secret in (hook["secret"], rotated["secret"]):
        VERIFIERS[scheme](secret, *arrived)
    if scheme == "standard-ed25519":
        for key in (hook["signature"]["public_key"], rotated["public_key"]):
            verify_v1a(key, *arrived)


@pytest.mark.parametrize("scheme", ["github", "shopify", "slack"])
def test_a_scheme_of_one_signature_uses_the_new_secret_at_once(api, sink, scheme):
    hook = api.webhook(sink.url(), signature={"scheme": scheme})
    rotated = rotate(api, hook, overlap_seconds=DAY)
    assert rotated["old_secrets"] == []
    arrived = deliver(api, sink, hook)
    VERIFIERS[scheme](rotated["secret"], *arrived)
    with pytest.raises(REFUSALS):
        VERIFIERS[scheme](hook["secret"], *arrived)


def test_old_secrets_are_revoked_at_once_and_again_without_harm(api, sink, hook):
    rotate(api, hook)
    for _ in range(2):
        assert api("DELETE", f"{path_of(hook)}/secret/old")[0] == 204
    assert api("GET", path_of(hook))[1]["old_secrets"] == []
    assert len(tokens(deliver(api, sink, hook)[0])) == 1


def test_rotating_without_overlap_ends_every_old_secret(api, sink, hook):
    rotate(api, hook)
    rotated = rotate(api, hook, overlap_seconds=0)
    assert rotated["old_secrets"] == []
    assert len(tokens(deliver(api, sink, hook)[0])) == 1


def test_a_secret_of_ones_own_is_taken_and_the_same_again_changes_nothing(api, hook):
    first = rotate(api, hook, secret=OTHER)
    assert first["secret"] == OTHER
    assert rotate(api, hook, secret=OTHER) == first
    assert api("GET", f"{path_of(hook)}/secret")[1]["secret"] == OTHER


def test_the_part_that_the_receiver_has_is_the_present_secret_and_changes_nothing(api, sink):
    """Of an asymmetric secret the private key is not shown: what is shown can be given back."""
    hook = api.webhook(sink.url(), signature={"scheme": "standard-ed25519"})
    again = rotate(api, hook, secret=hook["secret"])
    assert (again["old_secrets"], again["public_key"]) == ([], hook["signature"]["public_key"])
    changed = api("PATCH", path_of(hook), {"secret": hook["secret"]})[1]
    assert changed["signature"] == hook["signature"]
    assert len(tokens(deliver(api, sink, hook)[0])) == 2, "v1a and v1, of one secret"


def test_going_back_to_an_old_secret_does_not_sign_with_it_twice(api, sink, hook):
    rotate(api, hook, secret=OTHER)
    back = rotate(api, hook, secret=hook["secret"])
    assert len(back["old_secrets"]) == 1
    assert len(tokens(deliver(api, sink, hook)[0])) == 2


def test_at_most_five_old_secrets_sign_and_the_oldest_goes(api, sink, hook):
    seen = [hook["secret"], *(rotate(api, hook)["secret"] for _ in range(7))]
    headers, body = deliver(api, sink, hook)
    assert len(tokens(headers)) == 6
    for secret in seen[-6:]:
        standardwebhooks.Webhook(secret).verify(body, headers)
    with pytest.raises(REFUSALS):
        standardwebhooks.Webhook(seen[1]).verify(body, headers)


def test_what_has_ended_is_dropped_at_the_next_rotation(api, app, hook):
    rotate(api, hook)
    expire(app, hook)
    assert len(rotate(api, hook)["old_secrets"]) == 1
    with app.app_context():
        assert len(db.session.scalar(select(Webhook.old_secrets))) == 1


def test_a_secret_given_with_a_change_replaces_the_old_ones_at_once(api, sink, hook):
    rotate(api, hook)
    assert api("PATCH", path_of(hook), {"secret": OTHER})[1]["old_secrets"] == []
    headers, body = deliver(api, sink, hook)
    assert len(tokens(headers)) == 1
    standardwebhooks.Webhook(OTHER).verify(body, headers)


def test_a_change_that_leaves_scheme_and_secret_alone_keeps_the_overlap(api, hook):
    rotated = rotate(api, hook, secret=OTHER)
    for change in ({"name": "Other"}, {"secret": OTHER}, {"signature": {"scheme": "standard"}}):
        assert api("PATCH", path_of(hook), change)[1]["old_secrets"] == rotated["old_secrets"]
    assert api("PATCH", path_of(hook), {"signature": {"scheme": "github"}})[1]["old_secrets"] == []


SEVERAL = ("standard", "standard-ed25519", "stripe", "svix")


@pytest.mark.parametrize(("first", "then"), list(itertools.permutations(SEVERAL, 2)))
def test_old_secrets_sign_on_under_another_scheme_that_carries_several(api, sink, first, then):
    hook = api.webhook(sink.url(), signature={"scheme": first})
    rotated = rotate(api, hook)
    _, changed = api("PATCH", path_of(hook), {"signature": {"scheme": then}})
    assert (changed["old_secrets"], changed["secret"], changed["warnings"]) == (rotated["old_secrets"], None, [])
    arrived = deliver(api, sink, hook)
    for secret in (hook["secret"], rotated["secret"]):
        VERIFIERS[then](secret, *arrived)
    if then == "standard-ed25519":
        verify_v1a(changed["signature"]["public_key"], *arrived)


def test_there_and_back_between_schemes_no_secret_signs_twice(api, sink, hook):
    rotate(api, hook)
    rotate(api, hook)
    for scheme in ("standard-ed25519", "svix", "standard-ed25519", "standard"):
        api("PATCH", path_of(hook), {"signature": {"scheme": scheme}})
    assert len(set(tokens(deliver(api, sink, hook)[0]))) == 3
    rotate(api, hook, secret=hook["secret"])
    assert len(set(tokens(deliver(api, sink, hook)[0]))) == 3


ONE_ENDED = "1 old secret ended with this change: endpoints that still verify with it refuse what they get."


@pytest.mark.parametrize("change", [{"signature": {"scheme": "github"}}, {"secret": OTHER}, {"signature": BASIC}])
def test_a_change_that_ends_old_secrets_says_so(api, sink, hook, change):
    rotate(api, hook)
    _, changed = api("PATCH", path_of(hook), change)
    assert (changed["old_secrets"], changed["warnings"]) == ([], [ONE_ENDED])
    assert api("PATCH", path_of(hook), change)[1]["warnings"] == []


def test_of_the_old_secrets_those_end_that_the_new_scheme_does_not_take(api, sink):
    hook = api.webhook(sink.url(), signature={"scheme": "stripe"}, secret="any text will do")
    rotate(api, hook, secret=OTHER)
    rotated = rotate(api, hook)
    _, changed = api("PATCH", path_of(hook), {"signature": {"scheme": "standard"}})
    assert (changed["old_secrets"], changed["warnings"]) == (rotated["old_secrets"][:1], [ONE_ENDED])
    headers, body = deliver(api, sink, hook)
    assert len(tokens(headers)) == 2
    for secret in (OTHER, rotated["secret"]):
        standardwebhooks.Webhook(secret).verify(body, headers)


def test_what_had_ended_before_is_no_news(api, app, hook):
    rotate(api, hook)
    expire(app, hook)
    assert api("PATCH", path_of(hook), {"signature": {"scheme": "github"}})[1]["warnings"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"overlap_seconds": -1}, "overlap_seconds"),
        ({"overlap_seconds": 7 * DAY + 1}, "overlap_seconds"),
        ({"secret": "short"}, "secret"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(api, hook, body, field):
    status, problem = api("POST", f"{path_of(hook)}/secret/rotate", body)
    assert (status, problem["errors"][0]["field"]) == (422, field)
    assert api("GET", f"{path_of(hook)}/secret")[1]["secret"] == hook["secret"]


def test_a_call_without_a_body_means_what_is_usual(api, hook):
    status, rotated = api("POST", f"{path_of(hook)}/secret/rotate")
    assert (status, len(rotated["old_secrets"])) == (200, 1)
    assert api("POST", f"{path_of(hook)}/test")[0] == 200
    assert api("POST", f"{path_of(hook)}/secret/rotate", [])[0] == 422


def test_an_unknown_webhook_has_no_secret_to_rotate(api):
    assert api("POST", "/api/v1/webhooks/whk_x/secret/rotate", {})[0] == 404
    assert api("DELETE", "/api/v1/webhooks/whk_x/secret/old")[0] == 404


def test_a_rotation_is_told_to_others_and_no_secret_is_told_or_logged(api, app, sink, hook, caplog):
    watcher = api.webhook(sink.url(), event_types=["secret.rotated"])
    caplog.set_level(logging.DEBUG)
    rotated = rotate(api, hook)
    api("PATCH", path_of(hook), {"secret": OTHER})
    with app.app_context():
        payloads = [json.loads(text) for text in db.session.scalars(select(Event.payload).order_by(Event.created_at))]
        row = db.session.scalar(select(Webhook).where(Webhook.id == hook["id"]))
        kept = row.encrypted_secret + json.dumps(row.old_secrets)
    assert [one["webhook_id"] for one in payloads] == [hook["id"]] * 2
    assert [one["old_secret_expires_at"] for one in payloads] == [rotated["old_secrets"][0]["expires_at"], None]
    owed = api("GET", f"/api/v1/deliveries?webhook_id={watcher['id']}")[1]["items"]
    assert [one["event_type"] for one in owed] == ["secret.rotated"] * 2
    said = caplog.text + json.dumps(payloads) + kept
    assert not any(secret in said for secret in (hook["secret"], rotated["secret"], OTHER))


def test_webhooks_that_hear_of_one_another_are_rotated_at_the_same_time(api, sink):
    hooks = [api.webhook(sink.url(), event_types=["secret.rotated"]) for _ in range(2)]

    def rotate_often(hook):
        return [api("POST", f"{path_of(hook)}/secret/rotate", {})[0] for _ in range(10)]

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(rotate_often, hooks * 2))
    assert statuses == [[200] * 10] * 4
    for hook in hooks:
        assert len(api("GET", f"/api/v1/deliveries?webhook_id={hook['id']}")[1]["items"]) == 20
        assert len(api("GET", path_of(hook))[1]["old_secrets"]) == 5


def test_secrets_that_are_live_are_found_on_any_row_and_end_on_the_second():
    vault = Vault("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    now = datetime(2026, 2, 12, tzinfo=UTC)

    class Row:
        signature = {"scheme": "standard"}  # noqa: RUF012
        encrypted_secret = vault.lock("present")
        old_secrets = [  # noqa: RUF012
            [vault.lock("old"), "2026-02-12T00:00:01.000000Z"],
            [vault.lock("ended"), "2026-02-12T00:00:00.000000Z"],
        ]

    assert secrets.live(vault, Row, now) == ("present", "old")
    assert secrets.live(vault, Row, now + timedelta(seconds=1)) == ("present",)
    assert secrets.ends(Row, now) == [now + timedelta(seconds=1)]
