"""The presets as pure functions: published vectors, the vendors' own verifiers, and what their secrets look like."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import string
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import given
from hypothesis import strategies as st

from sender.core.payload import Destination, Message, prepare
from sender.core.signatures import PRESETS, RANDOM_BYTES, Signable, github, stripe
from shared import signing
from tests.sender.secrets.verifiers import REFUSALS, VERIFIERS, verify_v1a

RANDOM = bytes(range(RANDOM_BYTES))
OTHER = bytes(range(100, 100 + RANDOM_BYTES))
BODY = '{"type":"payment_received","data":{"name":"Zoë","n":12345678901234567890}}'.encode()
SIGNED = list(VERIFIERS)


def signable(message_id="evt_1", timestamp=None, body=BODY, webhook_id="whk_1"):
    timestamp = int(time.time()) if timestamp is None else timestamp
    return Signable(message_id, "payment_received", datetime(2026, 2, 12, tzinfo=UTC), webhook_id, timestamp, body)


def sign(scheme, what, *randoms, **options):
    """The secrets as receivers have them, and all that a delivery says about itself."""
    preset = PRESETS[scheme]
    secrets = [preset.secret.make(random) for random in randoms or [RANDOM]]
    common = [("webhook-id", what.message_id), ("webhook-timestamp", str(what.timestamp))]
    pairs = [*common, *preset.sign(secrets, what, {"scheme": scheme, **options})]
    assert {name.lower() for name, _ in pairs[2:]} <= preset.names(options)
    return [preset.secret.shared(secret) for secret in secrets], {name.lower(): value for name, value in pairs}


@pytest.mark.parametrize("scheme", SIGNED)
def test_the_vendors_own_package_accepts_what_is_signed(scheme):
    (secret,), headers = sign(scheme, signable())
    VERIFIERS[scheme](secret, headers, BODY)


@pytest.mark.parametrize("scheme", SIGNED)
def test_the_vendors_own_package_refuses_one_changed_byte_and_another_secret(scheme):
    (secret,), headers = sign(scheme, signable())
    with pytest.raises(REFUSALS):
        VERIFIERS[scheme](secret, headers, BODY.replace(b"received", b"recieved"))
    (other,), _ = sign(scheme, signable(), OTHER)
    with pytest.raises(REFUSALS):
        VERIFIERS[scheme](other, headers, BODY)


@pytest.mark.parametrize("scheme", [scheme for scheme in SIGNED if PRESETS[scheme].several])
def test_both_secrets_verify_while_they_overlap(scheme):
    secrets, headers = sign(scheme, signable(), RANDOM, OTHER)
    assert len(set(secrets)) == 2
    for secret in secrets:
        VERIFIERS[scheme](secret, headers, BODY)


@pytest.mark.parametrize("scheme", [scheme for scheme in SIGNED if not PRESETS[scheme].several])
def test_a_scheme_of_one_signature_is_signed_with_the_present_secret(scheme):
    secrets, headers = sign(scheme, signable(), RANDOM, OTHER)
    VERIFIERS[scheme](secrets[0], headers, BODY)


@pytest.mark.parametrize("scheme", ["standard", "svix", "stripe", "slack"])
def test_a_signature_is_refused_when_it_is_too_old(scheme):
    (secret,), headers = sign(scheme, signable(timestamp=int(time.time()) - 400))
    with pytest.raises(REFUSALS):
        VERIFIERS[scheme](secret, headers, BODY)


@pytest.mark.parametrize("scheme", ["standard", "standard-ed25519", "svix", "stripe", "slack"])
def test_a_retry_is_signed_for_its_own_time_and_not_for_that_of_the_event(scheme):
    now = datetime.now(UTC)
    preset = PRESETS[scheme]
    secret = preset.secret.make(RANDOM)
    message = Message("evt_1", "payment_received", now - timedelta(seconds=400), "{}")
    destination = Destination("whk_1", "https://x.example/", "standard", {"scheme": scheme}, {}, (secret,))
    request = prepare(message, destination, now)
    headers = {name.lower(): value for name, value in request.headers}
    VERIFIERS[scheme](preset.secret.shared(secret), headers, request.body)
    late = prepare(message, destination, message.occurred_at)
    with pytest.raises(REFUSALS):
        VERIFIERS[scheme](
            preset.secret.shared(secret), {name.lower(): value for name, value in late.headers}, late.body
        )


VECTOR_1 = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')


@pytest.mark.parametrize(
    ("secret", "message", "expected"),
    [
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", VECTOR_1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        (
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            (
                "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                1649367553,
                b'{"email":"test@example.com","username":"test_user"}',
            ),
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
    ],
    ids=["standard-webhooks, svix", "standard-webhooks in Rust"],
)
def test_published_vectors_of_v1(secret, message, expected):
    what = signable(*message)
    assert PRESETS["standard"].sign([secret], what, {}) == (("webhook-signature", expected),)
    assert dict(PRESETS["svix"].sign([secret], what, {}))["svix-signature"] == expected


def test_the_published_vector_of_v1a():
    private = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
    shared = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    preset = PRESETS["standard-ed25519"]
    secret = preset.secret.complete(f"{shared} {private}", RANDOM)
    assert preset.public_key(secret) == "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
    ((_, tokens),) = preset.sign([secret], signable(*VECTOR_1), {})
    assert tokens.split(" ") == [
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ]


def test_the_published_vector_of_github():
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert github.sign("It's a Secret to Everybody", b"Hello, World!") == expected


def test_the_published_vector_of_hook0_is_that_of_stripe():
    assert stripe.sign(["secret"], 1636936200, b"hello !") == (
        "t=1636936200,v1=1b3d69df55f1e52f05224ba94a5162abeb17ef52cd7f4948c390f810d6a87e98"
    )


def test_the_published_vector_of_convoy_fits_no_preset():
    """Convoy writes its header as Stripe does, but signs time and body with a comma between, and no preset does so."""
    body = b'{"event":"charge.success","amount":1000,"currency":"NGN"}'
    by_convoy = hmac.new(b"convoy-webhook-secret", b"1700000000," + body, hashlib.sha256).hexdigest()
    assert (by_convoy[:8], by_convoy[-4:]) == ("77b8b926", "c55c")
    assert by_convoy not in stripe.sign(["convoy-webhook-secret"], 1700000000, body)


def test_v1a_is_verified_with_the_public_key_alone_and_refuses_a_changed_body():
    preset = PRESETS["standard-ed25519"]
    secrets = [preset.secret.make(random) for random in (RANDOM, OTHER)]
    _, headers = sign("standard-ed25519", signable(), RANDOM, OTHER)
    for secret in secrets:
        verify_v1a(preset.public_key(secret), headers, BODY)
        with pytest.raises(InvalidSignature):
            verify_v1a(preset.public_key(secret), headers, BODY + b" ")
    with pytest.raises(InvalidSignature):
        verify_v1a(preset.public_key(preset.secret.make(bytes(RANDOM_BYTES))), headers, BODY)


@pytest.mark.parametrize("scheme", ["standard", "standard-ed25519", "svix"])
@pytest.mark.parametrize("count", [1, 2, 6])
def test_tokens_are_well_formed_with_one_space_between_and_v1_last(scheme, count):
    """One malformed token or a double space makes standardwebhooks raise ValueError; others read only the last."""
    _, headers = sign(scheme, signable(), *(bytes([n]) * RANDOM_BYTES for n in range(count)))
    tokens = headers["webhook-signature"].split(" ")
    versions = [token.partition(",")[0] for token in tokens]
    assert versions == ["v1a"] * (count if scheme == "standard-ed25519" else 0) + ["v1"] * count
    for version, _, digest in (token.partition(",") for token in tokens):
        assert len(base64.b64decode(digest, validate=True)) == {"v1": 32, "v1a": 64}[version]
    assert headers["webhook-signature"].rpartition(",")[2] == tokens[-1].partition(",")[2]


def test_a_receiver_that_reads_only_what_follows_the_last_comma_finds_v1():
    (secret,), headers = sign("standard-ed25519", signable())
    last = headers["webhook-signature"].rpartition(",")[2]
    assert f"v1,{last}" == signing.sign(secret, "evt_1", int(headers["webhook-timestamp"]), BODY)


@given(random=st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES))
def test_secrets_that_are_made_are_padded_and_fit_their_format(random):
    """The JavaScript, Go and Rust libraries need padded base64."""
    for preset in PRESETS.values():
        secret = preset.secret.make(random)
        assert preset.secret.check(secret) is None
        assert preset.secret.complete(secret, bytes(RANDOM_BYTES)) == secret
    shared, private = PRESETS["standard-ed25519"].secret.make(random).split(" ")
    assert len(base64.b64decode(shared.removeprefix("whsec_"), validate=True)) == 32
    assert len(base64.b64decode(private.removeprefix("whsk_"), validate=True)) == 64


KEY_PAIR = PRESETS["standard-ed25519"].secret.make(RANDOM).split(" ")[1]


@pytest.mark.parametrize(
    ("scheme", "secret", "words"),
    [
        ("standard", "abcdefgh", "starts with whsec_"),
        ("standard", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "padded"),
        ("standard", "whsec_" + base64.b64encode(bytes(23)).decode(), "24 to 64 bytes"),
        ("svix", "whsk_AAAA", "starts with whsec_"),
        ("standard-ed25519", "whsk_AAAA", "64 bytes"),
        ("standard-ed25519", "whsk_é", "base64"),
        ("standard-ed25519", "whsk_" + base64.b64encode(bytes(64)).decode(), "do not belong together"),
        ("standard-ed25519", f"{KEY_PAIR} {KEY_PAIR}", "Give whsec_"),
        ("standard-ed25519", f"{KEY_PAIR} x", "starts with whsec_"),
        ("github", "short", "8 to 512"),
        ("slack", "x" * 513, "8 to 512"),
        ("stripe", "passwörd", "ASCII"),
        ("shopify", "pass\tword", "ASCII"),
        ("token", " password", "blank"),
        ("bearer", "pass word", "blank"),
        ("basic", "password", "user:password"),
        ("basic", ":password", "user:password"),
        ("basic", "username:", "user:password"),
    ],
)
def test_a_secret_that_does_not_fit_is_refused_in_words(scheme, secret, words):
    assert words in PRESETS[scheme].secret.check(secret)


@pytest.mark.parametrize(
    ("scheme", "secret"),
    [
        ("github", "It's a Secret to Everybody"),
        ("stripe", "whsec_anything that Stripe would give"),
        ("token", "x" * 512),
        ("basic", "ann:pass:word with blanks"),
        ("standard-ed25519", KEY_PAIR),
        ("standard-ed25519", "whsk_" + base64.b64encode(RANDOM[:32]).decode()),  # the seed alone
        ("standard-ed25519", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ],
)
def test_a_secret_that_fits_is_taken(scheme, secret):
    assert PRESETS[scheme].secret.check(secret) is None


def test_half_of_an_asymmetric_secret_is_completed_and_the_private_key_is_not_shared():
    format_ = PRESETS["standard-ed25519"].secret
    bare_seed = "whsk_" + base64.b64encode(base64.b64decode(KEY_PAIR.removeprefix("whsk_"))[:32]).decode()
    whsec = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert format_.complete(f"{bare_seed} {whsec}", OTHER) == f"{whsec} {KEY_PAIR}"
    assert format_.complete(KEY_PAIR, OTHER).endswith(f" {KEY_PAIR}")
    assert format_.complete(whsec, OTHER).startswith(f"{whsec} whsk_")
    assert format_.shared(f"{whsec} {KEY_PAIR}") == whsec


def test_plain_schemes_send_the_secret_in_the_header_that_they_are_named_for():
    what = signable()
    (token,), headers = sign("token", what, header="X-Key")
    assert headers["x-key"] == token
    assert sign("token", what)[1]["x-webhook-token"] == token
    (basic,), headers = sign("basic", what)
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode() == basic
    (bearer,), headers = sign("bearer", what)
    assert headers["authorization"] == f"Bearer {bearer}"
    assert set(sign("none", what)[1]) == {"webhook-id", "webhook-timestamp"}


def test_every_preset_says_in_words_what_it_is_and_how_to_verify_it():
    assert len({preset.title for preset in PRESETS.values()}) == len(PRESETS)
    for preset in PRESETS.values():
        assert preset.summary.endswith(".")
        assert preset.verify.endswith(".")
        assert preset.secret.words
        assert not set(preset.verify) - set(string.printable) - {"…"}
        json.dumps(preset.defaults)
