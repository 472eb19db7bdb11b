"""From a request to what is written on the wire: target, headers in order, and nothing that breaks their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import requests
from urllib3.util import SKIP_HEADER

from shared.exchange import Request
from shared.netguard import split_url
from shared.netguard.hosts import literal_address, normalise

_DEFAULT_PORTS = {"http": 80, "https": 443}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_UNFIT = re.compile(r"[\x00\r\n]|[^\x00-\xff]")
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


class Fields:
    """Header fields as far as urllib3 looks at them: it writes every pair, in its order and case."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._pairs = pairs

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._pairs)

    def items(self) -> Sequence[tuple[str, str]]:
        """Return all pairs, where a dictionary would keep the last of a name."""
        return self._pairs

    def copy(self) -> Fields:
        """Return these fields: urllib3 asks for a copy so as to add those of a proxy, which there never is."""
        return self

    def update(self, _fields: Mapping[str, str]) -> None:
        """Add nothing, see `copy`."""


class Wired(requests.PreparedRequest):
    """A request that needs no preparation by `requests`, and the place that it goes to, by its judged address."""

    place: Place
    address: str


@lru_cache(maxsize=1024)
def place_of(url: str) -> Place:
    """Return where `url` leads; raise TargetRefused unless it is a plain http or https URL."""
    scheme, host, port = (target := split_url(url)).scheme, normalise(target.host), target.port
    parts = urlsplit(url)
    bracketed = f"[{host}]" if ":" in host else host
    authority = bracketed if port == _DEFAULT_PORTS[scheme] else f"{bracketed}:{port}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(scheme, host, port, authority, path, literal_address(host) or host)


def wire(request: Request, place: Place) -> tuple[Wired, tuple[tuple[str, str], ...]]:
    """Return `request` for the adapter, and all the header fields that go over the wire; raise Unsendable."""
    _check(request)
    given = {name.lower() for name, _ in request.headers}
    fields = [("Host", place.authority)]
    if "accept-encoding" not in given:
        fields.append(("Accept-Encoding", "identity"))
    fields += request.headers
    fields.append(("Content-Length", str(len(request.body))))
    wired = Wired()
    wired.method, wired.url, wired.body, wired.place = request.method, request.url, request.body, place
    # Without a User-Agent urllib3 would write its own; this value makes it write none.
    written = fields if "user-agent" in given else [*fields, ("User-Agent", SKIP_HEADER)]
    wired.headers = Fields(written)  # type: ignore[assignment]
    return wired, tuple(fields)


def _check(request: Request) -> None:
    """Raise Unsendable for what would break out of its line (request splitting) or has no bytes on the wire."""
    if not _TOKEN.fullmatch(request.method):
        raise Unsendable(f"The method {request.method[:50]!r} can't be sent.")
    for name, value in request.headers:
        if not _TOKEN.fullmatch(name):
            raise Unsendable(f"The header name {name[:100]!r} can't be sent.")
        if name.lower() in _OF_THE_CONNECTION:
            raise Unsendable(f"The header {name} can't be set: it belongs to the connection.")
        if unfit := _UNFIT.search(value):
            what = "a character outside Latin-1" if unfit[0] > "\xff" else "a line break or a null byte"
            raise Unsendable(f"The header {name} can't be sent: its value holds {what}.")
