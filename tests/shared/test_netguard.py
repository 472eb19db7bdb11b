"""Which addresses are public: every known way to name an inner one is refused, and public ones are not."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.netguard import judge

HOSTILE = [
    ("0.0.0.0", "this network"),
    ("10.0.0.1", "RFC 1918"),
    ("100.64.0.1", "carrier-grade NAT"),
    ("100.100.100.200", "carrier-grade NAT"),
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "loopback"),
    ("168.63.129.16", "Azure"),
    ("169.254.169.254", "link-local"),
    ("172.16.0.1", "RFC 1918"),
    ("172.31.255.255", "RFC 1918"),
    ("192.0.0.1", "protocol assignment"),
    ("192.0.0.192", "protocol assignment"),
    ("192.0.2.1", "documentation"),
    ("192.88.99.1", "6to4"),
    ("192.168.1.1", "RFC 1918"),
    ("198.18.0.1", "benchmarking"),
    ("198.19.255.255", "benchmarking"),
    ("198.51.100.1", "documentation"),
    ("203.0.113.1", "documentation"),
    ("224.0.0.1", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("::7f00:1", "IPv4-compatible"),
    ("::ffff:127.0.0.1", "loopback"),
    ("::ffff:169.254.169.254", "link-local"),
    ("::ffff:0:7f00:1", "IPv4-translated"),
    ("64:ff9b::7f00:1", "loopback"),
    ("64:ff9b::a9fe:a9fe", "link-local"),
    ("64:ff9b:1::1", "NAT64"),
    ("100::1", "discard"),
    ("2001::1", "protocol assignment"),
    ("2001:db8::1", "documentation"),
    ("2002:7f00:1::", "6to4"),
    ("3fff::1", "documentation"),
    ("5f00::1", "segment routing"),
    ("fd00:ec2::254", "unique local"),
    ("fe80::1", "link-local"),
    ("fec0::1", "site-local"),
    ("ff02::1", "multicast"),
    ("4000::1", "outside the public IPv6 range"),
]
GOOD = ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize(("ip", "reason"), HOSTILE)
def test_hostile_addresses_are_refused_with_their_reason(ip: str, reason: str) -> None:
    assert reason in (judge(ip) or "")


@pytest.mark.parametrize("ip", GOOD)
def test_public_addresses_are_not_refused(ip: str) -> None:
    assert judge(ip) is None


def test_the_table_holds_all_known_cases() -> None:
    assert (len({ip for ip, _ in HOSTILE}), len(GOOD)) == (42, 5)


@pytest.mark.parametrize(
    "ip",
    [
        "fd20:ce::254",
        "fe80::1%eth0",
        "2001:470:0:1::5efe:7f00:1",
        "2001:470:0:1:200:5efe:7f00:1",
        "2002:a9fe:a9fe::1",
        "::2",
    ],
)
def test_further_ways_inside_are_refused(ip: str) -> None:
    assert judge(ip)


@pytest.mark.parametrize(
    "ip",
    ["2001:1::1", "2001:1::2", "2001:1::3", "192.175.48.1", "2001:470::5efe:808:808", "2001:470::200:5efe:808:808"],
)
def test_special_but_reachable_addresses_are_not_refused(ip: str) -> None:
    assert judge(ip) is None


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ("10.255.255.255", "11.0.0.0"),
        ("100.127.255.255", "100.128.0.0"),
        ("168.63.129.16", "168.63.129.17"),
        ("172.31.255.255", "172.32.0.0"),
        ("192.0.0.255", "192.0.1.0"),
        ("198.19.255.255", "198.20.0.0"),
        ("0.255.255.255", "1.0.0.0"),
        ("240.0.0.0", "223.255.255.255"),
        ("2001:1ff:ffff::", "2001:200::"),
        ("3fff:fff::", "3ffe::1"),
    ],
)
def test_ranges_end_where_they_should(inside: str, outside: str) -> None:
    assert judge(inside)
    assert judge(outside) is None


def test_what_is_no_address_is_refused() -> None:
    assert judge("localhost") == judge("") == "not an IP address"


@given(st.ip_addresses(v=4))
def test_ipv4_in_ipv6_clothes_is_judged_as_ipv4(address: IPv4Address) -> None:
    number = int(address)
    expected = judge(str(address))
    assert judge(str(IPv6Address((0xFFFF << 32) | number))) == expected
    assert judge(str(IPv6Address((0x0064FF9B << 96) | number))) == expected


@given(st.ip_addresses(v=4))
def test_nothing_passes_that_the_standard_library_knows_as_not_global(address: IPv4Address) -> None:
    assume(not address.is_global or address.is_multicast)
    assert judge(str(address))


@given(st.ip_addresses(v=6))
def test_ipv6_passes_only_within_the_global_range(address: IPv6Address) -> None:
    carries_ipv4 = address.ipv4_mapped or address in IPv6Network("64:ff9b::/96")
    if judge(str(address)) is None and not carries_ipv4:
        assert address in IPv6Network("2000::/3")
