"""The list of targets that may be reached although their addresses are not public."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Self

from shared.netguard.addresses import CARRIERS, carried
from shared.netguard.hosts import is_host_name, literal_address, normalise

_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::(.*))?", re.DOTALL)
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class AllowedTargets:
    """Exceptions that an operator grants; `port` None means every port."""

    networks: tuple[tuple[IPv4Network | IPv6Network, int | None], ...] = ()
    hosts: tuple[tuple[str, int | None], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a comma list of `CIDR[:port]` and `host[:port]`; an IPv6 one with a port stands in brackets.

        A single address is a network of one. Raise ValueError that names the entry which can't be read.
        """
        networks: list[tuple[IPv4Network | IPv6Network, int | None]] = []
        hosts: list[tuple[str, int | None]] = []
        for entry in filter(None, (part.strip() for part in text.split(","))):
            name, port = _split_port(entry)
            network = _network(entry, name)
            if network is not None:
                networks.append((network, port))
            elif is_host_name(name):
                hosts.append((normalise(name), port))
            else:
                raise ValueError(f"{entry!r} is neither CIDR[:port] nor host[:port]")
        return cls(tuple(networks), tuple(hosts))

    @lru_cache(maxsize=4096)  # noqa: B019  # there is one list in a process; reading an address costs 20 µs
    def allows(self, host: str, ip: str, port: int) -> bool:
        """Return whether `ip`, to which `host` resolved, may be connected to on `port` although it is not public.

        As it is judged, an IPv6 address that only carries an IPv4 one counts as that: `::/0` does not let in
        `::ffff:127.0.0.1`. Only networks of nothing but such addresses are meant for them.
        """
        if any(normalise(host) == name and wanted in (None, port) for name, wanted in self.hosts):
            return True
        address = ip_address(ip)
        inner = carried(address)
        return any(
            wanted in (None, port) and (inner in network or (address in network and _is_of_carriers(network)))
            for network, wanted in self.networks
        )


def _is_of_carriers(network: IPv4Network | IPv6Network) -> bool:
    return isinstance(network, IPv6Network) and any(network.subnet_of(carrier) for carrier in CARRIERS)


def _split_port(entry: str) -> tuple[str, int | None]:
    if match := _BRACKETED.fullmatch(entry):
        name, port = match.groups()
    elif entry.count(":") == 1:
        name, _, port = entry.partition(":")
    else:
        return entry, None
    if port is None:
        return name, None
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= _MAX_PORT):
        raise ValueError(f"{entry!r} has no port between 1 and {_MAX_PORT}")
    return name, int(port)


def _network(entry: str, name: str) -> IPv4Network | IPv6Network | None:
    """Return the network that `name` writes, None when it is not one; raise ValueError for one miswritten."""
    try:
        return ip_network(name)
    except ValueError as error:
        if "has host bits set" in str(error):
            raise ValueError(
                f"{entry!r} has bits set after its prefix; write {ip_network(name, strict=False)}"
            ) from None
        if "/" in name or ":" in name or literal_address(name):
            raise ValueError(f"{entry!r} is not a network in CIDR form, such as 10.0.0.0/8 or [fd00::/8]:443") from None
        return None
