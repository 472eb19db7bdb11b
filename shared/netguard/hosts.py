"""Hosts as they are written in URLs: names, and addresses in all spellings that a resolver accepts."""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from ipaddress import ip_address

import idna

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_NUMBERS = re.compile(rf"(?:{_NUMBER.pattern})(?:\.(?:{_NUMBER.pattern})){{0,3}}", re.IGNORECASE)


def normalise(host: str) -> str:
    """Return `host` as it is looked up: ASCII (RFC 5891), lower case, without the dot that ends a full name.

    Raise ValueError for a name that has no ASCII form.
    """
    if not host.isascii():
        host = idna.encode(host, uts46=True).decode()
    return host.lower().removesuffix(".")


def in_url(host: str) -> str:
    """Return a host as it stands in a URL or beside a port: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


@lru_cache(maxsize=4096)
def literal_address(host: str) -> str | None:
    """Return the address that `host` writes as digits, None when it is a name to be resolved.

    Also the old spellings that `getaddrinfo` takes and `ipaddress` does not: 2130706433, 0x7f.1 and 0177.0.0.1 are
    all 127.0.0.1 (inet_aton(3)).
    """
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host)) if _NUMBERS.fullmatch(host) else None
    except OSError:
        return None


def is_host_name(host: str) -> bool:
    """Return whether `host` is a name that can be looked up: labels of letters, digits, `-` and `_`.

    A name whose last label is a number is none: it would be an address, miswritten (WHATWG URL, "ends in a number").
    """
    try:
        name = normalise(host)
    except ValueError:
        return False
    return _NAME.fullmatch(name) is not None and not _NUMBER.fullmatch(name.rpartition(".")[2])
