"""Every hostile address by every way in, through the network door; and what two other libraries say of them."""

from __future__ import annotations

import socket
import warnings

import pytest
import ssrfguard

from shared.http import Door
from shared.netguard import AllowedTargets, judge
from tests.shared.doors import LOCAL, PATIENT, post
from tests.shared.endpoints import answering as answers
from tests.shared.endpoints import listening, serving
from tests.shared.nameserver import AAAA, A, answering
from tests.shared.test_netguard import GOOD, HOSTILE

with warnings.catch_warnings(action="ignore"):
    from AntiSSRF import AntiSSRFPolicy, PolicyConfigOptions

hostile = pytest.mark.parametrize("ip", [ip for ip, _ in HOSTILE])

# What the oracles let pass although it leads inside, or nowhere that is public, and why we refuse it.
SSRFGUARD_ALLOWS = {
    "168.63.129.16": "a public number, but Azure's own host for every machine in it",
    "::ffff:0:7f00:1": "IPv4-translated (RFC 2765): a translator makes 127.0.0.1 of it",
    "4000::1": "outside 2000::/3: not allocated, so nobody public is there",
}
ANTISSRF_ALLOWS = {
    "::7f00:1": "IPv4-compatible (RFC 4291, deprecated): means 127.0.0.1",
    "::ffff:0:7f00:1": "as above",
    "4000::1": "as above",
}
ANTISSRF_REFUSES = {"64:ff9b::808:808": "NAT64 of 8.8.8.8, public: we decode it and judge the IPv4 address"}


def literal(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip


@hostile
def test_as_the_host_of_a_url(ip: str) -> None:
    outcome = Door(AllowedTargets(), PATIENT).send(post(f"http://{literal(ip)}/")).outcome
    assert outcome.kind == "blocked"


@hostile
def test_as_the_target_of_a_redirect_it_is_never_asked(ip: str) -> None:
    head = f"HTTP/1.1 307 Go\r\nLocation: http://{literal(ip)}/\r\nContent-Length: 0\r\n\r\n"
    with listening(answers(head.encode())) as endpoint:
        exchange = Door(LOCAL, PATIENT).send(post(endpoint.url()))
        assert len(endpoint.requests) == 1
    assert exchange.outcome.kind == "http_status"
    assert "redirects are not followed" in exchange.outcome.detail


@hostile
def test_among_the_answers_for_a_name(ip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(serving()) as endpoint, answering(["127.0.0.1", ip]) as names:
        allowed = AllowedTargets.parse(f"127.0.0.1/32:{endpoint.port}")
        monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
        outcome = Door(allowed, PATIENT).send(post(endpoint.url(host="mixed.test"))).outcome
        is_allowed = allowed.allows("mixed.test", ip, endpoint.port)  # 127.0.0.1 itself, in this test
        assert outcome.kind == ("succeeded" if is_allowed else "blocked")
        assert endpoint.connections == is_allowed


@hostile
def test_as_the_second_answer_after_the_check(ip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(serving()) as endpoint, answering(["127.0.0.1"], [ip]) as names:
        monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
        allowed = AllowedTargets.parse(f"127.0.0.1/32:{endpoint.port}")
        door = Door(allowed, PATIENT)
        first = door.send(post(endpoint.url(host="rebound.test"))).outcome
        assert (first.kind, names.asked) == ("succeeded", [AAAA, A]), "asked once: the judged address is used"
        second = door.send(post(endpoint.url(host="rebound.test"))).outcome
        is_allowed = allowed.allows("rebound.test", ip, endpoint.port)  # 127.0.0.1 itself, however it is written
        assert (second.kind != "blocked") == is_allowed
        assert is_allowed or len(endpoint.requests) == 1
        door.close()


@pytest.mark.parametrize("ip", GOOD)
def test_good_addresses_pass_the_check(ip: str) -> None:
    assert judge(ip) is None


@hostile
def test_ssrfguard_agrees_but_for_what_is_explained(ip: str) -> None:
    assert ssrfguard.Policy().permits_address(ip) == (ip in SSRFGUARD_ALLOWS)


@hostile
def test_microsoft_antissrf_agrees_but_for_what_is_explained(ip: str) -> None:
    policy = AntiSSRFPolicy(PolicyConfigOptions.EXTERNAL_ONLY_LATEST)
    assert policy._is_str_ip_address_connection_allowed(ip) == (ip in ANTISSRF_ALLOWS)


@pytest.mark.parametrize("ip", GOOD)
def test_the_oracles_let_good_addresses_pass_but_for_what_is_explained(ip: str) -> None:
    assert ssrfguard.Policy().permits_address(ip)
    policy = AntiSSRFPolicy(PolicyConfigOptions.EXTERNAL_ONLY_LATEST)
    assert policy._is_str_ip_address_connection_allowed(ip) == (ip not in ANTISSRF_REFUSES)
