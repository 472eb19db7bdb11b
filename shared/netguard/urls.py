"""Checks of a target URL: when it is saved, and again each time something is sent to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.netguard.addresses import judge
from shared.netguard.allowed import AllowedTargets
from shared.netguard.hosts import is_host_name, literal_address

MAX_LENGTH = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}
# Parsers disagree about where a host ends when these are in a URL.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\\s]")
_IN_BRACKETS = re.compile(r"\[[^\[\]]*\](?::[0-9]*)?")


class TargetRefused(Exception):
    """The target may not be sent to; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a URL that decide where a request goes; `host` is without brackets."""

    scheme: str
    host: str
    port: int


def check_url(url: str, allowed: AllowedTargets) -> str | None:
    """Return in words why `url` can't be a target, or None; a name is not resolved here but when it is sent to."""
    try:
        target = split_url(url)
        if address := literal_address(target.host):
            refuse(target.host, address, target.port, allowed)
    except TargetRefused as refusal:
        return str(refusal)
    return None


def split_url(url: str) -> Target:
    """Return the target that `url` names; raise TargetRefused unless it is one of a plain http or https URL."""
    if len(url) > MAX_LENGTH:
        raise TargetRefused(f"The URL is longer than {MAX_LENGTH:,} characters.")
    if _FORBIDDEN.search(url):
        raise TargetRefused("The URL holds a blank, a control character or a backslash; percent-encode it.")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port
    except ValueError:
        raise TargetRefused("The URL can't be read: its host or its port is malformed.") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise TargetRefused("The URL must start with http:// or https://.")
    if "@" in parts.netloc:
        raise TargetRefused("The URL holds a user name or a password; send credentials in a header instead.")
    if not host:
        raise TargetRefused("The URL has no host.")
    if "[" in parts.netloc or "]" in parts.netloc:
        _check_bracketed(parts.netloc, host)
    if port == 0:
        raise TargetRefused("The port must be between 1 and 65535.")
    if not (literal_address(host) or is_host_name(host)):
        raise TargetRefused(f"{host[:100]} is not a valid host name.")
    return Target(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme])


def _check_bracketed(netloc: str, host: str) -> None:
    """Raise TargetRefused for what is beside the brackets, and for what URLs allow in them besides the IPv6 addresses
    that others know too."""
    if not _IN_BRACKETS.fullmatch(netloc):
        raise TargetRefused("The URL can't be read: only an IPv6 address stands in brackets, and only a port after it.")
    address, percent, _ = host.partition("%")
    if ":" not in host:
        raise TargetRefused(f"[{host[:100]}] is not an IPv6 address.")
    if percent:
        raise TargetRefused(
            f"The URL's address has a zone, which means something on one machine only; write [{address}]."
        )


def refuse(host: str, address: str, port: int, allowed: AllowedTargets) -> None:
    """Raise TargetRefused unless `address`, which `host` is or resolves to, is public or allowed on `port`."""
    reason = judge(address)
    if reason is None or allowed.allows(host, address, port):
        return
    verb = "is" if literal_address(host) else "resolves to"
    raise TargetRefused(f"{host} {verb} {reason}; such targets are refused unless the operator allows them.")
