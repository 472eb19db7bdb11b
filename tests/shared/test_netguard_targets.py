"""Which URLs can be targets, and which exceptions an operator can grant."""

from __future__ import annotations

import re

import pytest

from shared.netguard import AllowedTargets, check_url

NONE_ALLOWED = AllowedTargets()


@pytest.mark.parametrize(
    ("entry", "host", "ip", "port", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", 80, True),
        ("127.0.0.1", "127.0.0.2", "127.0.0.2", 80, False),
        ("127.0.0.1:8001", "127.0.0.1", "127.0.0.1", 8001, True),
        ("127.0.0.1:8001", "127.0.0.1", "127.0.0.1", 8000, False),
        ("127.0.0.1:8001", "::ffff:7f00:1", "::ffff:127.0.0.1", 8001, True),
        ("10.0.0.0/8", "any.example", "10.20.30.40", 443, True),
        ("10.0.0.0/8:443", "any.example", "10.20.30.40", 80, False),
        ("::1", "::1", "::1", 80, True),
        ("[::1]:8001", "::1", "::1", 8001, True),
        ("[::1]:8001", "::1", "::1", 80, False),
        ("fd00::/8", "any.example", "fd12::1", 80, True),
        ("[fd00::/8]:443", "any.example", "fd12::1", 443, True),
        ("[fd00::/8]:443", "any.example", "10.0.0.1", 443, False),
        ("::/0", "any.example", "fd12::1", 80, True),
        ("::/0", "any.example", "::ffff:127.0.0.1", 80, False),
        ("::/0", "any.example", "64:ff9b::7f00:1", 80, False),
        ("0.0.0.0/0", "any.example", "::ffff:127.0.0.1", 80, True),
        ("0.0.0.0/0", "any.example", "fd12::1", 80, False),
        ("64:ff9b::/96", "any.example", "64:ff9b::a00:1", 80, True),
        ("64:ff9b::/96", "any.example", "10.0.0.1", 80, False),
        ("[::ffff:127.0.0.1]:8001", "any.example", "::ffff:127.0.0.1", 8001, True),
        ("receiver", "receiver", "172.18.0.3", 8001, True),
        ("receiver:8001", "Receiver.", "172.18.0.3", 8001, True),
        ("receiver:8001", "receiver", "172.18.0.3", 80, False),
        ("receiver", "receiver.evil.example", "172.18.0.3", 80, False),
        ("receiver", "evilreceiver", "172.18.0.3", 80, False),
        ("receiver", "evil.receiver", "172.18.0.3", 80, False),
        ("bücher.example", "xn--bcher-kva.example", "10.0.0.1", 80, True),
        (" 10.0.0.0/8 , receiver:8001 ,", "receiver", "192.168.0.1", 8001, True),
        ("", "receiver", "192.168.0.1", 80, False),
    ],
)
def test_allowed_targets(entry: str, host: str, ip: str, port: int, *, expected: bool) -> None:
    assert AllowedTargets.parse(entry).allows(host, ip, port) is expected


@pytest.mark.parametrize(
    "entry",
    [
        "10.0.0.0/33",
        "10.0.0.1/8",
        "300.1.1.1",
        "127.1",
        "host:0",
        "host:65536",
        "host:",
        "host:http",
        "a b",
        "*.local",
        "[::1",
        "[::1]:x",
        "fd00::/8:443x",
        "http://host",
        "host/8",
        "-",
    ],
)
def test_a_bad_allowed_target_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(entry))):
        AllowedTargets.parse(f"10.0.0.0/8, {entry}")


def test_a_network_with_host_bits_is_corrected() -> None:
    with pytest.raises(ValueError, match=r"write 10\.0\.0\.0/8"):
        AllowedTargets.parse("10.0.0.1/8")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.com/", "http://"),
        ("//example.com/", "http://"),
        ("example.com", "http://"),
        ("javascript:alert(1)", "http://"),
        ("https:///path", "no host"),
        ("https://", "no host"),
        ("https://user@example.com/", "user name"),
        ("https://user:pass@example.com/", "user name"),
        ("https://@example.com/", "user name"),
        ("http://good.example\\@127.0.0.1/", "backslash"),
        ("https://example.com/a b", "blank"),
        ("https://example.com/\r\nx: y", "control"),
        ("https://example.com/\x00", "control"),
        ("https://example.com/\u2028", "blank"),
        (" https://example.com/", "blank"),
        ("https://example.com:0/", "port"),
        ("https://example.com:65536/", "port"),
        ("https://example.com:x/", "port"),
        ("https://[::1/", "malformed"),
        ("https://a..b/", "not a valid host name"),
        ("https://-a.example/", "not a valid host name"),
        ("https://*.example/", "not a valid host name"),
        ("https://300.1.1.1/", "not a valid host name"),
        ("https://\uff11\uff12\uff17.0.0.1/", "not a valid host name"),
        ("https://☃.example/", "not a valid host name"),
        ("https://example.com/" + "x" * 2048, "2,048"),
        ("http://127.0.0.1/", "loopback"),
        ("http://127.0.0.1./", "not a valid host name"),
        ("http://2130706433/", "loopback"),
        ("http://0x7f000001/", "loopback"),
        ("http://0177.0.0.1/", "loopback"),
        ("http://127.1/", "loopback"),
        ("http://0x7F.1/", "loopback"),
        ("http://0/", "this network"),
        ("http://[::1]/", "loopback"),
        ("http://[::ffff:127.0.0.1]/", "loopback"),
        ("http://[fe80::1]/", "link-local"),
        ("http://[fe80::1%25eth0]/", "has a zone"),
        (
            "http://[2606:4700::1111%1]/",
            "has a zone, which means something on one machine only; write [2606:4700::1111].",
        ),
        ("http://good.example[::1]/", "can't be read"),
        ("http://good.example[2606:4700::1111]/", "can't be read"),
        ("http://[2606:4700::1111].good.example/", "can't be read"),
        ("http://[2606:4700::1111]good.example:80/", "can't be read"),
        ("http://[2606:4700::1111][::1]/", "can't be read"),
        ("http://8.8.8.8]/", "can't be read"),
        ("http://[v1.x]/", "[v1.x] is not an IPv6 address."),
        ("http://169.254.169.254/latest/meta-data/", "link-local"),
    ],
)
def test_a_url_that_cannot_be_a_target_is_refused_in_words(url: str, said: str) -> None:
    assert said in (check_url(url, NONE_ALLOWED) or "")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hooks?key=a%20b#part",
        "HTTP://EXAMPLE.com:8080",
        "https://my_service.internal/",
        "https://bücher.example/ä",
        "https://example.com./",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]:8443/",
        "https://[2606:4700:4700::1111]:/",
        "https://localhost/",
        "https://example.com/" + "x" * 2028,
    ],
)
def test_an_ordinary_url_is_accepted(url: str) -> None:
    assert check_url(url, NONE_ALLOWED) is None


def test_an_allowed_literal_address_is_accepted_on_its_port_only() -> None:
    allowed = AllowedTargets.parse("127.0.0.1:8001")
    assert check_url("http://127.0.0.1:8001/b/x", allowed) is None
    assert check_url("http://2130706433:8001/b/x", allowed) is None
    assert "loopback" in (check_url("http://127.0.0.1/", allowed) or "")
