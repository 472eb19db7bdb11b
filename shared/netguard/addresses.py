"""Which IP addresses are public, and in words why another is not.

An own table, because every predicate of `ipaddress` and every library tried lets some through: `is_private` misses
carrier-grade NAT, multicast, NAT64 and 6to4, and none knows Azure's 168.63.129.16. Sources: the IANA special-purpose
address registries (RFC 6890), RFC 4291, RFC 6052 and the clouds' documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_V4: Sequence[tuple[IPv4Network, str]] = [
    (IPv4Network(network), words)
    for network, words in (
        ("0.0.0.0/8", "an address of “this network” (RFC 1122)"),
        ("10.0.0.0/8", "a private address (RFC 1918)"),
        ("100.64.0.0/10", "a shared address behind carrier-grade NAT (RFC 6598)"),
        ("127.0.0.0/8", "a loopback address"),
        ("168.63.129.16/32", "the address of Azure's platform services"),
        ("169.254.0.0/16", "a link-local address, where clouds keep their metadata (RFC 3927)"),
        ("172.16.0.0/12", "a private address (RFC 1918)"),
        ("192.0.0.0/24", "a protocol assignment (RFC 6890)"),
        ("192.0.2.0/24", "a documentation address (RFC 5737)"),
        ("192.88.99.0/24", "a 6to4 relay address (RFC 7526)"),
        ("192.168.0.0/16", "a private address (RFC 1918)"),
        ("198.18.0.0/15", "a benchmarking address (RFC 2544)"),
        ("198.51.100.0/24", "a documentation address (RFC 5737)"),
        ("203.0.113.0/24", "a documentation address (RFC 5737)"),
        ("224.0.0.0/4", "a multicast address (RFC 5771)"),
        ("255.255.255.255/32", "the broadcast address"),
        ("240.0.0.0/4", "a reserved address (RFC 1112)"),
    )
]

_GLOBAL_V6 = IPv6Network("2000::/3")

# Outside 2000::/3 everything is refused; these only have names of their own.
_V6: Sequence[tuple[IPv6Network, str]] = [
    (IPv6Network(network), words)
    for network, words in (
        ("::/128", "the unspecified address"),
        ("::1/128", "a loopback address"),
        ("::/96", "an IPv4-compatible address (RFC 4291)"),
        ("::ffff:0:0:0/96", "an IPv4-translated address (RFC 7915)"),
        ("64:ff9b:1::/48", "a local NAT64 address (RFC 8215)"),
        ("100::/64", "a discard-only address (RFC 6666)"),
        ("2001::/23", "a protocol assignment (RFC 2928)"),
        ("2001:db8::/32", "a documentation address (RFC 3849)"),
        ("2002::/16", "a 6to4 address (RFC 7526)"),
        ("3fff::/20", "a documentation address (RFC 9637)"),
        ("5f00::/16", "a segment routing address (RFC 9602)"),
        ("fc00::/7", "a unique local address (RFC 4193)"),
        ("fe80::/10", "a link-local address (RFC 4291)"),
        ("fec0::/10", "a site-local address (RFC 3879)"),
        ("ff00::/8", "a multicast address (RFC 4291)"),
    )
]

# The globally reachable anycast addresses within 2001::/23 (RFC 7723, RFC 8155, RFC 9665).
_ANYCAST_V6 = {IPv6Address("2001:1::1"), IPv6Address("2001:1::2"), IPv6Address("2001:1::3")}

_NAT64 = IPv6Network("64:ff9b::/96")
CARRIERS = (IPv6Network("::ffff:0:0/96"), _NAT64)
"""The IPv6 networks whose addresses only carry IPv4 ones."""

_LOW_32_BITS = 0xFFFFFFFF
_ISATAP = (0x00005EFE, 0x02005EFE)  # upper half of the interface identifier (RFC 5214)


@lru_cache(maxsize=4096)
def judge(ip: str) -> str | None:
    """Return in words what keeps `ip` from being a public unicast address, or None when it is one.

    An IPv6 address that only carries an IPv4 one (v4-mapped, NAT64 of RFC 6052) is judged as that.
    """
    try:
        address = carried(ip_address(ip))
    except ValueError:
        return "not an IP address"
    if isinstance(address, IPv4Address):
        return next((words for network, words in _V4 if address in network), None)
    return _judge_v6(address)


def carried(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that a v4-mapped or NAT64 address carries, any other one unchanged."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & _LOW_32_BITS)
    return address


def _judge_v6(address: IPv6Address) -> str | None:
    if address in _ANYCAST_V6:
        return None
    for network, words in _V6:
        if address in network:
            return words
    if address not in _GLOBAL_V6:
        return "an address outside the public IPv6 range 2000::/3 (RFC 4291)"
    if (int(address) >> 32) & _LOW_32_BITS in _ISATAP:
        return judge(str(IPv4Address(int(address) & _LOW_32_BITS)))
    return None
