"""TLS checks the name that was asked for although it connects to an address, and tells each fault by its cause."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from shared import clock
from shared.exchange import Exchange
from shared.http import Door
from shared.http.attempt import Attempt, Phase
from shared.http.failures import classify
from shared.netguard import AllowedTargets
from tests.shared.certificates import Authority
from tests.shared.doors import LOCAL, PATIENT, attempt, post, resolving
from tests.shared.endpoints import Behaviour, Peer, listening, serving

ALLOWED = AllowedTargets.parse("hook.test,127.0.0.1")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_the_name_is_asked_for_and_checked_at_the_pinned_address(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolving(monkeypatch, ["127.0.0.1"])
    with listening(serving(), authority.server("hook.test")) as endpoint:
        door = Door(ALLOWED, PATIENT, ca_file=str(authority.file))
        for _ in range(2):
            assert door.send(post(endpoint.url(host="hook.test"))).outcome.kind == "succeeded"
        door.close()
    assert (endpoint.server_names, endpoint.connections) == (["hook.test"], 1)
    assert f"Host: hook.test:{endpoint.port}".encode() in endpoint.requests[0]
    assert asked == ["hook.test"] * 2


def test_a_connection_for_one_name_is_not_used_for_another(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, ["127.0.0.1"])
    with listening(serving(), authority.server("hook.test")) as endpoint:
        door = Door(AllowedTargets.parse("127.0.0.1"), PATIENT, ca_file=str(authority.file))
        assert door.send(post(endpoint.url(host="hook.test"))).outcome.kind == "succeeded"
        assert door.send(post(endpoint.url(host="other.test"))).outcome.kind == "tls"
        door.close()
    assert len(endpoint.requests) == 1


def test_a_certificate_may_be_for_an_address(authority: Authority) -> None:
    assert refused(authority).outcome.kind == "succeeded"


def refused(authority: Authority, *names: str, trusts: bool = True, **options: object) -> Exchange:
    """An attempt at an endpoint with a certificate like that."""
    tls = authority.server(*(names or ("127.0.0.1",)), **options)  # type: ignore[arg-type]
    return attempt(serving(), tls=tls, ca_file=str(authority.file) if trusts else None)


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        (("wrong.test",), {}, r"not accepted: IP address mismatch, certificate is not valid for '127\.0\.0\.1'"),
        ((), {"self_signed": True}, r"not accepted: self[- ]signed certificate"),
        ((), {"life": timedelta(days=-1)}, r"not accepted: certificate has expired"),
        ((), {"trusts": False}, r"not accepted: unable to get local issuer certificate"),
    ],
)
def test_a_certificate_that_does_not_fit_is_told_by_its_fault(
    authority: Authority, names: tuple[str, ...], options: dict[str, object], words: str
) -> None:
    exchange = refused(authority, *names, **options)  # type: ignore[arg-type]
    assert (exchange.outcome.kind, exchange.response) == ("tls", None)
    assert re.search(words, exchange.outcome.detail), exchange.outcome.detail


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("version", "kind"),
    [
        (ssl.TLSVersion.TLSv1, "tls"),
        (ssl.TLSVersion.TLSv1_1, "tls"),
        (ssl.TLSVersion.TLSv1_2, "succeeded"),
        (ssl.TLSVersion.TLSv1_3, "succeeded"),
    ],
)
def test_tls_before_version_1_2_is_refused(authority: Authority, version: ssl.TLSVersion, kind: str) -> None:
    tls = authority.server("127.0.0.1")
    tls.set_ciphers("ALL:@SECLEVEL=0")  # else the server itself would refuse the old ones
    tls.minimum_version = tls.maximum_version = version
    outcome = attempt(serving(), tls=tls, ca_file=str(authority.file)).outcome
    assert outcome.kind == kind
    assert kind == "succeeded" or "protocol version" in outcome.detail


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_names_no_authorities(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(authority.file))
    assert refused(authority, trusts=False).outcome.kind == "tls"


def test_a_wrong_name_is_named(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["127.0.0.1"])
    with listening(serving(), authority.server("other.test", "127.0.0.1")) as endpoint:
        door = Door(ALLOWED, PATIENT, ca_file=str(authority.file))
        outcome = door.send(post(endpoint.url(host="hook.test"))).outcome
        door.close()
    assert outcome.kind == "tls"
    assert "certificate is not valid for 'hook.test'" in outcome.detail
    assert endpoint.requests == []


def plain(peer: Peer) -> None:
    """Answer the first bytes of a handshake as a plain server does."""
    peer.sock.recv(65536)
    peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    peer.hang()


def closing(peer: Peer) -> None:
    peer.sock.recv(65536)


def resetting(peer: Peer) -> None:
    peer.sock.recv(65536)
    peer.reset()


def alerting(peer: Peer) -> None:
    """Refuse the handshake by a fatal alert: handshake_failure."""
    peer.sock.recv(65536)
    peer.send(b"\x15\x03\x03\x00\x02\x02\x28")
    peer.hang()


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (plain, r"does not speak TLS at this port; should the URL begin with http://\?"),
        (closing, r"closed the connection during the TLS handshake"),
        (resetting, r"closed the connection during the TLS handshake"),
        (alerting, r"The TLS handshake failed: .*handshake failure"),
    ],
)
def test_an_endpoint_without_tls_is_told_so(behave: Behaviour, words: str) -> None:
    with listening(behave) as endpoint:
        outcome = Door(LOCAL, PATIENT).send(post(endpoint.url().replace("http:", "https:"))).outcome
    assert outcome.kind == "tls"
    assert re.search(words, outcome.detail), outcome.detail


def test_plain_http_to_a_tls_port_is_a_failure(authority: Authority) -> None:
    with listening(serving(), authority.server("127.0.0.1")) as endpoint:
        outcome = Door(LOCAL, PATIENT).send(post(endpoint.url().replace("https:", "http:"))).outcome
    assert outcome.kind in ("protocol", "reset")  # whether it sends an alert before it closes is up to the server
    assert endpoint.requests == []


LARGE = b"a" * 20_000_000  # more than sockets buffer


def test_an_answer_that_comes_before_the_end_of_the_request_is_read(authority: Authority) -> None:
    def behave(peer: Peer) -> None:
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else the reset overtakes the answer
        peer.sock.recv(100)
        peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")

    exchange = attempt(behave, body=LARGE, tls=authority.server("127.0.0.1"), ca_file=str(authority.file))
    assert exchange.response is not None, exchange.outcome
    assert (exchange.response.status, exchange.response.body) == (413, b"no")


@pytest.mark.parametrize("body", [b"{}", LARGE])
@pytest.mark.parametrize("behave", [closing, resetting])
def test_what_is_cut_after_the_handshake_is_no_fault_of_tls(
    authority: Authority, behave: Behaviour, body: bytes
) -> None:
    outcome = attempt(behave, body=body, tls=authority.server("127.0.0.1"), ca_file=str(authority.file)).outcome
    assert outcome.kind == "reset", outcome


@pytest.mark.parametrize("error", [ssl.SSLEOFError, ssl.SSLZeroReturnError])
@pytest.mark.parametrize(
    ("phase", "kind"),
    [(Phase.SECURING, "tls"), (Phase.SENDING, "reset"), (Phase.WAITING, "reset"), (Phase.READING, "reset")],
)
def test_the_end_of_a_tls_connection_means_what_the_phase_says(
    error: type[ssl.SSLError], phase: Phase, kind: str
) -> None:
    running = Attempt(PATIENT, clock.monotonic(), threading.Lock())
    running.phase = phase
    failed = classify(error(8, "EOF occurred in violation of protocol"), running)
    assert failed is not None
    assert failed.outcome.kind == kind
