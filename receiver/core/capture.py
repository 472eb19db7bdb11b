"""Reads one HTTP request into the value that a bin keeps: as it came, minus our own credentials."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote_from_bytes, urlsplit

Header = tuple[str, str]
Fidelity = Literal["exact", "ordered", "wsgi"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as the server handed it over; header text is latin-1, one character a byte (RFC 9110 §5.5)."""

    method: str
    target: str  # the request target as on the request line
    mount: str  # what of the decoded path is the bin's own: "/b/<slug>"
    headers: Sequence[Header]
    fidelity: Fidelity
    peer: str  # address of the other end of the socket
    body: bytes


@dataclass(frozen=True, slots=True)
class OwnCredentials:
    """What a browser or a client of ours may send along and a bin must never keep or show."""

    cookie_names: frozenset[str]
    token: str


@dataclass(frozen=True, slots=True)
class Captured:
    """A request ready to be stored. `path` (below the bin) and `query` are raw, as `target` is."""

    method: str
    target: str
    path: str
    query: str
    headers: tuple[Header, ...]
    header_fidelity: Fidelity
    peer: str
    client: str
    body: bytes
    body_sha256: str

    @property
    def body_size(self) -> int:
        """Bytes of the body."""
        return len(self.body)


def read(arrival: Arrival, *, trusted_proxies: int, own: OwnCredentials) -> Captured:
    """Return what to keep of a request that came through `trusted_proxies` reverse proxies of ours."""
    path, query = split_target(arrival.target, arrival.mount)
    return Captured(
        method=arrival.method,
        target=arrival.target,
        path=path,
        query=query,
        headers=without_credentials(arrival.headers, own),
        header_fidelity=arrival.fidelity,
        peer=arrival.peer,
        client=client_address(arrival.headers, arrival.peer, trusted_proxies),
        body=arrival.body,
        body_sha256=hashlib.sha256(arrival.body).hexdigest(),
    )


def parse_header_block(block: bytes) -> tuple[Header, ...]:
    """Return the fields of a header block in wire order, case and number; the server has already checked it."""
    fields = []
    for line in block.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            fields.append((name, value.strip(" \t")))
    return tuple(fields)


def headers_of_environ(environ: Mapping[str, object]) -> tuple[Header, ...]:
    """Return what a WSGI environ still tells of the headers: joined duplicates, guessed case, no order."""
    fields = []
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            fields.append((_title(key[5:]), str(value)))
        elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            fields.append((_title(key), str(value)))
    return tuple(fields)


def target_of_environ(environ: Mapping[str, object]) -> str:
    """Return the raw request target if the server tells it, else one rebuilt from the decoded path."""
    if raw := environ.get("RAW_URI") or environ.get("REQUEST_URI"):
        return str(raw)
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    query = environ.get("QUERY_STRING")
    return quote_from_bytes(path.encode("latin-1"), safe="/:@!$&'()*+,;=-._~") + (f"?{query}" if query else "")


def split_target(target: str, mount: str) -> tuple[str, str]:
    """Return the raw path below `mount` (decoded, latin-1) and the raw query of a request target.

    The target may be in origin-form or absolute-form (RFC 9112 §3.2); its path may escape any character of the mount.
    """
    if not target.startswith("/"):
        parts = urlsplit(target)
        target = target[len(f"{parts.scheme}://{parts.netloc}") :]
    raw_path, _, query = target.partition("?")
    position = 0
    for _ in mount:  # one decoded character of the mount is one raw character, or three when escaped
        position += 3 if raw_path[position : position + 1] == "%" else 1
    return raw_path[position:], query


def client_address(headers: Sequence[Header], peer: str, trusted_proxies: int) -> str:
    """Return the address of the client: what the outermost trusted proxy said, else the peer.

    Each proxy appends the address it saw to X-Forwarded-For, so with n trusted ones the n-th from the right is
    the last that is not the client's own claim.
    """
    if trusted_proxies <= 0:
        return peer
    said = ",".join(value for name, value in headers if name.lower() == "x-forwarded-for").split(",")
    if len(said) < trusted_proxies:
        return peer
    return _address(said[-trusted_proxies].strip()) or peer


def without_credentials(headers: Sequence[Header], own: OwnCredentials) -> tuple[Header, ...]:
    """Return `headers` without our session cookie and without the admin token; all else byte for byte."""
    kept = []
    for name, value in headers:
        lowered = name.lower()
        if lowered == "cookie":
            rest = _without_cookies(value, own.cookie_names)
            if rest is not None:
                kept.append((name, rest))
        elif lowered != "authorization" or not _is_own_token(value, own.token):
            kept.append((name, value))
    return tuple(kept)


def _without_cookies(value: str, names: frozenset[str]) -> str | None:
    """Return a Cookie header's value without the cookies of these names; None when nothing else is in it."""
    pairs = value.split(";")
    kept = [pair for pair in pairs if pair.partition("=")[0].strip() not in names]
    if len(kept) == len(pairs):
        return value
    return ";".join(kept).strip() or None


def _is_own_token(value: str, token: str) -> bool:
    scheme, _, given = value.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _address(text: str) -> str | None:
    """Return the IP address in a forwarded element, which may carry a port; None when there is none."""
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _title(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("_"))
