"""Every hostile and good address by every way in, through the network door; and what two other libraries say of it."""

from __future__ import annotations

import socket
import warnings
from ipaddress import ip_address
from typing import Any

import pytest
import ssrfguard
from urllib3.util import connection

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


good = pytest.mark.parametrize("ip", GOOD)
OTHER = "1.1.1.1"


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that connections are opened to from now on; each leads to the same port of this machine."""
    real, found = connection.create_connection, list[str]()

    def create_connection(address: tuple[str, int], *given: Any, **options: Any) -> socket.socket:
        found.append(address[0])
        return real(("127.0.0.1", address[1]), *given, **options)

    monkeypatch.setattr(connection, "create_connection", create_connection)
    return found


def same(ip: str) -> str:
    """An address as it is written once it was read."""
    return str(ip_address(ip))


@good
def test_a_good_one_is_sent_to_as_the_host_of_a_url(ip: str, dialled: list[str]) -> None:
    assert judge(ip) is None
    with listening(serving()) as endpoint:
        door = Door(AllowedTargets(), PATIENT)
        assert door.send(post(f"http://{literal(ip)}:{endpoint.port}/")).outcome.kind == "succeeded"
        door.close()
    assert dialled == [same(ip)]


@good
def test_a_good_one_is_not_followed_to_either_as_the_target_of_a_redirect(ip: str, dialled: list[str]) -> None:
    head = f"HTTP/1.1 307 Go\r\nLocation: http://{literal(ip)}/\r\nContent-Length: 0\r\n\r\n"
    with listening(answers(head.encode())) as endpoint:
        exchange = Door(LOCAL, PATIENT).send(post(endpoint.url()))
    assert exchange.outcome.kind == "http_status"
    assert dialled == ["127.0.0.1"]


@good
def test_good_ones_among_the_answers_for_a_name_are_tried_in_turn(
    ip: str, dialled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(serving()) as endpoint, answering([OTHER, ip]) as names:
        monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
        order = [str(answer[4][0]) for answer in names.getaddrinfo("good.test")]
        names.asked.clear()
        through = connection.create_connection

        def refuse_first(address: tuple[str, int], *given: Any, **options: Any) -> socket.socket:
            if address[0] == order[0]:
                dialled.append(address[0])
                raise ConnectionRefusedError
            return through(address, *given, **options)

        monkeypatch.setattr(connection, "create_connection", refuse_first)
        door = Door(AllowedTargets(), PATIENT)
        assert door.send(post(endpoint.url(host="good.test"))).outcome.kind == "succeeded"
        door.close()
    assert sorted(order) == sorted([OTHER, same(ip)])
    assert dialled == order


@good
def test_a_good_one_as_the_second_answer_is_sent_to(
    ip: str, dialled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(serving()) as endpoint, answering([OTHER], [ip]) as names:
        monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
        door = Door(AllowedTargets(), PATIENT)
        for _ in range(2):
            assert door.send(post(endpoint.url(host="moved.test"))).outcome.kind == "succeeded"
        door.close()
    assert dialled == [OTHER, same(ip)]


@hostile
def test_ssrfguard_agrees_but_for_what_is_explained(ip: str) -> None:
    assert ssrfguard.Policy().permits_address(ip) == (ip in SSRFGUARD_ALLOWS)


@hostile
def test_microsoft_antissrf_agrees_but_for_what_is_explained(ip: str) -> None:
    policy = AntiSSRFPolicy(PolicyConfigOptions.EXTERNAL_ONLY_LATEST)
    assert policy._is_str_ip_address_connection_allowed(ip) == (ip in ANTISSRF_ALLOWS)


@good
def test_the_oracles_let_good_addresses_pass_but_for_what_is_explained(ip: str) -> None:
    assert ssrfguard.Policy().permits_address(ip)
    policy = AntiSSRFPolicy(PolicyConfigOptions.EXTERNAL_ONLY_LATEST)
    assert policy._is_str_ip_address_connection_allowed(ip) == (ip not in ANTISSRF_REFUSES)
