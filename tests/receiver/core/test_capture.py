from __future__ import annotations

import hashlib
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core import capture
from receiver.core.capture import Arrival, OwnCredentials

OWN = OwnCredentials(cookie_names=frozenset({"hookloop_12345678"}), token="the-admin-token")
ARRIVAL = Arrival(
    method="POST",
    target="/b/orders/new?a=1&a=2",
    mount="/b/orders",
    headers=(("Host", "bin.example"), ("x-Dup", "1"), ("X-DUP", "2"), ("X_Under_Score", "3")),
    fidelity="exact",
    peer="192.0.2.7",
    body=b"\x00\xff{}",
)


def read(**changes):
    return capture.read(replace(ARRIVAL, **changes), trusted_proxies=0, own=OWN)


def test_everything_is_kept_as_it_came():
    captured = read()
    assert captured.method == "POST"
    assert captured.target == "/b/orders/new?a=1&a=2"
    assert captured.path == "/new"
    assert captured.query == "a=1&a=2"
    assert captured.headers == ARRIVAL.headers
    assert captured.header_fidelity == "exact"
    assert captured.peer == captured.client == "192.0.2.7"
    assert captured.body == b"\x00\xff{}"
    assert captured.body_size == 4
    assert captured.body_sha256 == hashlib.sha256(b"\x00\xff{}").hexdigest()


def test_a_header_block_keeps_order_case_duplicates_and_every_byte():
    block = b"Host: a\r\nx-Dup: 1\r\nX-Empty:\r\nX_Under: \t spaced \t\r\nX-Latin: caf\xe9:x\r\nX-DUP: 2"
    assert capture.parse_header_block(block) == (
        ("Host", "a"),
        ("x-Dup", "1"),
        ("X-Empty", ""),
        ("X_Under", "spaced"),
        ("X-Latin", "caf\xe9:x"),
        ("X-DUP", "2"),
    )
    assert capture.parse_header_block(b"") == ()


def test_an_environ_gives_what_it_still_knows():
    environ = {"HTTP_X_DUP": "1,2", "CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "", "wsgi.input": object()}
    assert capture.headers_of_environ(environ) == (("X-Dup", "1,2"), ("Content-Type", "text/plain"))


def test_the_target_of_an_environ_is_raw_where_the_server_tells_it():
    assert capture.target_of_environ({"RAW_URI": "/b/x/a%2Fb//c?x=1", "PATH_INFO": "/x/a/b//c"}) == "/b/x/a%2Fb//c?x=1"
    rebuilt = {"SCRIPT_NAME": "/b", "PATH_INFO": "/x/caf\xc3\xa9", "QUERY_STRING": "q=%20"}
    assert capture.target_of_environ(rebuilt) == "/b/x/caf%C3%A9?q=%20"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/b/orders", ("", "")),
        ("/b/orders/", ("/", "")),
        ("/b/orders?x", ("", "x")),
        ("/b/orders//a%2Fb/../c?x=1?y", ("//a%2Fb/../c", "x=1?y")),
        ("/b/orders/a#b?c", ("/a#b", "c")),
        ("/%62/orde%72s/rest", ("/rest", "")),
        ("/b%2Forders/rest", ("/rest", "")),
        ("http://bin.example:8001/b/orders/x?y", ("/x", "y")),
        ("HTTP://bin.example/b/orders", ("", "")),
    ],
)
def test_the_path_below_the_bin_is_raw(target, expected):
    assert capture.split_target(target, "/b/orders") == expected


@given(slug=st.from_regex(r"[a-z0-9_-]{1,20}", fullmatch=True), below=st.text(max_size=20), escape=st.booleans())
def test_whatever_is_below_the_mount_comes_back_unchanged(slug, below, escape):
    raw = "/" + quote(below)
    mount = f"/b/{slug}"
    escaped = "/" + "".join(f"%{ord(c):02x}" for c in mount[1:]) if escape else mount
    assert capture.split_target(f"{escaped}{raw}", mount) == (raw, "")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        (0, ["203.0.113.9"], "192.0.2.7"),
        (1, ["203.0.113.9"], "203.0.113.9"),
        (1, ["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        (2, ["6.6.6.6, 203.0.113.9", "10.0.0.1"], "203.0.113.9"),
        (2, ["203.0.113.9"], "192.0.2.7"),
        (1, [], "192.0.2.7"),
        (1, ["203.0.113.9:5123"], "203.0.113.9"),
        (1, ["[2001:db8::1]:5123"], "2001:db8::1"),
        (1, ["2001:db8::1"], "2001:db8::1"),
        (1, ["<script>"], "192.0.2.7"),
    ],
)
def test_the_client_is_believed_only_through_our_own_proxies(proxies, forwarded, client):
    headers = tuple(("X-Forwarded-For", value) for value in forwarded)
    captured = capture.read(replace(ARRIVAL, headers=headers), trusted_proxies=proxies, own=OWN)
    assert captured.client == client
    assert captured.peer == "192.0.2.7"
    assert captured.headers == headers


@pytest.mark.parametrize(
    ("cookie", "kept"),
    [
        ("a=1; hookloop_12345678=secret; b=2", "a=1; b=2"),
        ("hookloop_12345678=secret; b=2", "b=2"),
        ("a=1;hookloop_12345678=secret", "a=1"),
        ("a=1;  b=hookloop_12345678 ; ;c", "a=1;  b=hookloop_12345678 ; ;c"),
    ],
)
def test_our_session_cookie_is_not_kept(cookie, kept):
    assert read(headers=(("Cookie", cookie),)).headers == (("Cookie", kept),)


def test_a_cookie_header_with_nothing_but_ours_is_dropped():
    assert read(headers=(("A", "1"), ("cookie", "hookloop_12345678=secret"))).headers == (("A", "1"),)


def test_only_our_own_bearer_token_is_dropped():
    own = ("Authorization", "Bearer the-admin-token")
    spelled = ("authorization", "bearer  the-admin-token ")
    others = (("Authorization", "Bearer another"), ("Authorization", "Basic the-admin-token"), ("X-T", "\xe9"))
    assert read(headers=(own, *others, spelled)).headers == others
