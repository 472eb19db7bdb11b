"""Standard Webhooks signatures: published vectors, the reference library, and every way to be invalid."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from sender.core.signatures.secret_formats import WHSEC
from shared import signing

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
NOW = datetime(2026, 2, 12, 6, 8, 41, tzinfo=UTC)
STAMP = int(NOW.timestamp())
BODY = b'{"test": 2432232314}'

keys = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())
ids = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"])).map(str.encode)


def signed(secrets: list[str], message_id: str, timestamp: int, body: bytes) -> list[tuple[str, str]]:
    """The header fields of a message that each of `secrets` has signed."""
    tokens = " ".join(signing.sign(secret, message_id, timestamp, body) for secret in secrets)
    return [("webhook-id", message_id), ("webhook-timestamp", str(timestamp)), ("webhook-signature", tokens)]


@pytest.mark.parametrize(
    ("secret", "message_id", "timestamp", "body", "expected"),
    [
        (
            SECRET,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            b'{"test": 2432232314}',
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        (
            OTHER,
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1649367553,
            b'{"email":"test@example.com","username":"test_user"}',
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
    ],
)
def test_published_vectors(secret: str, message_id: str, timestamp: int, body: bytes, expected: str) -> None:
    assert signing.sign(secret, message_id, timestamp, body) == expected
    pairs = signed([secret], message_id, timestamp, body)
    assert signing.verify([secret], pairs, body, datetime.fromtimestamp(timestamp, UTC)).valid


def test_new_secrets_are_valid_and_differ() -> None:
    found = {WHSEC.make(secrets.token_bytes(64)) for _ in range(100)}
    assert len(found) == 100
    assert {signing.check_secret(secret) for secret in found} == {None}
    assert {len(base64.b64decode(secret.removeprefix("whsec_"))) for secret in found} == {32}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "starts with whsec_"),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "starts with whsec_"),
        ("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "starts with whsec_"),
        ("whsec_", "holds 0"),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(), "holds 23"),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(), "holds 65"),
        ("whsec_" + base64.b64encode(b"x" * 25).decode().rstrip("="), "base64"),
        ("whsec_" + base64.b64encode(b"x" * 24).decode() + "\n", "base64"),
        ("whsec_" + base64.urlsafe_b64encode(b"\xff" * 24).decode(), "base64"),
        ("whsec_" + "ä" * 32, "base64"),
        ("whsec_" + "!" * 32, "base64"),
    ],
)
def test_bad_secrets_are_refused_in_words(text: str, said: str) -> None:
    assert said in (signing.check_secret(text) or "")
    with pytest.raises(ValueError, match=said):
        signing.sign(text, "evt_1", STAMP, BODY)
    assert not signing.verify([text], signed([SECRET], "evt_1", STAMP, BODY), BODY, NOW).valid


@pytest.mark.parametrize("size", [24, 32, 64])
def test_keys_of_24_to_64_bytes_are_secrets(size: int) -> None:
    assert signing.check_secret("whsec_" + base64.b64encode(b"\xff" * size).decode()) is None


def test_an_id_with_a_dot_is_not_signed() -> None:
    with pytest.raises(ValueError, match="dot"):
        signing.sign(SECRET, "evt.1", STAMP, BODY)


@given(secret=keys, message_id=ids, body=texts)
def test_the_reference_library_accepts_our_signatures(secret: str, message_id: str, body: bytes) -> None:
    stamp = int(datetime.now(UTC).timestamp())
    pairs = dict(signed([OTHER, secret], message_id, stamp, body))
    Webhook(secret).verify(body, pairs, json_parse=False)


@given(secret=keys, message_id=ids, body=texts)
def test_the_reference_library_and_we_sign_alike(secret: str, message_id: str, body: bytes) -> None:
    theirs = Webhook(secret).sign(message_id, NOW, body.decode())
    assert signing.sign(secret, message_id, STAMP, body) == theirs


@given(secret=keys, message_id=ids, body=texts, change=st.sampled_from(["body", "id", "time", "secret"]))
def test_any_change_is_noticed_by_both(secret: str, message_id: str, body: bytes, change: str) -> None:
    now = datetime.now(UTC)
    stamp = int(now.timestamp())
    pairs = dict(signed([secret], message_id, stamp, body))
    if change == "id":
        pairs["webhook-id"] += "x"
    elif change == "time":
        pairs["webhook-timestamp"] = str(stamp - 1)
    sent = body + b" " if change == "body" else body
    used = WHSEC.make(secrets.token_bytes(64)) if change == "secret" else secret
    assert not signing.verify([used], list(pairs.items()), sent, now).valid
    with pytest.raises(WebhookVerificationError):
        Webhook(used).verify(sent, pairs)


def test_any_live_secret_is_enough_on_either_side() -> None:
    rotated = signed([SECRET, OTHER], "evt_1", STAMP, BODY)
    third = WHSEC.make(secrets.token_bytes(64))
    assert rotated[2][1].count(" ") == 1
    assert signing.verify([third, OTHER], rotated, BODY, NOW).valid
    assert signing.verify([SECRET], rotated, BODY, NOW).valid
    assert not signing.verify([third], rotated, BODY, NOW).valid
    assert not signing.verify([], rotated, BODY, NOW).valid


def test_header_names_do_not_depend_on_case_and_unknown_versions_are_passed_over() -> None:
    signature = signing.sign(SECRET, "evt_1", STAMP, BODY)
    assert signing.verify([SECRET], _pairs(f"v1a,AAAA v2,x junk {signature}"), BODY, NOW).valid
    upper = [(name.upper(), value) for name, value in _pairs(signature)]
    assert signing.verify([SECRET], upper, BODY, NOW).valid


@pytest.mark.parametrize(
    ("signature", "said"),
    [
        ("v1a,AAAA", "no signature of version v1"),
        ("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "no signature of version v1"),
        ("v1,", "No signature matches"),
        ("v1,\u20ac\udc80", "No signature matches"),
        ("v1", "No signature matches"),
    ],
)
def test_useless_signatures_are_refused_in_words(signature: str, said: str) -> None:
    verdict = signing.verify([SECRET], _pairs(signature), BODY, NOW)
    assert not verdict.valid
    assert said in verdict.reason


def test_a_part_of_a_signature_is_not_enough() -> None:
    signature = signing.sign(SECRET, "evt_1", STAMP, BODY)
    assert all(
        not signing.verify([SECRET], _pairs(signature[:end]), BODY, NOW).valid for end in range(3, len(signature))
    )
    assert not signing.verify([SECRET], _pairs(signature + "A"), BODY, NOW).valid


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_needed_exactly_once(name: str) -> None:
    pairs = _pairs(signing.sign(SECRET, "evt_1", STAMP, BODY))
    without = [pair for pair in pairs if pair[0] != name]
    assert signing.verify([SECRET], without, BODY, NOW).reason == f"The header {name} is missing."
    assert signing.verify([SECRET], [*without, (name, "")], BODY, NOW).reason == f"The header {name} is missing."
    twice = signing.verify([SECRET], [*pairs, (name.upper(), "x")], BODY, NOW)
    assert twice.reason == f"The header {name} is there more than once."


@pytest.mark.parametrize(("seconds", "valid"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_the_time_must_be_near_on_both_sides(seconds: int, *, valid: bool) -> None:
    pairs = _pairs(signing.sign(SECRET, "evt_1", STAMP, BODY))
    verdict = signing.verify([SECRET], pairs, BODY, NOW + timedelta(seconds=seconds))
    assert verdict.valid is valid
    assert valid or ("too old" if seconds > 0 else "from the future") in verdict.reason


@pytest.mark.parametrize("timestamp", ["1e9", "-1", "+1", " 1", "1.0", "١٢٣", "0x1", "9" * 16, "1_0", "1\n"])
def test_the_time_is_written_in_ascii_digits(timestamp: str) -> None:
    pairs = [("webhook-id", "evt_1"), ("webhook-timestamp", timestamp), ("webhook-signature", "v1,x")]
    assert "whole Unix seconds" in signing.verify([SECRET], pairs, BODY, NOW).reason


def _pairs(signature: str) -> list[tuple[str, str]]:
    return [("webhook-id", "evt_1"), ("webhook-timestamp", str(STAMP)), ("webhook-signature", signature)]
