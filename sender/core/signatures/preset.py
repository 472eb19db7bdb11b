"""What a signature preset is: the headers that it adds to a delivery, its secret, its options, how to verify it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sender.core.signatures.secret_formats import SecretFormat

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Signable:
    """What one attempt sends: `timestamp` is its time in Unix seconds, `body` the bytes as they go out."""

    message_id: str
    event_type: str
    occurred_at: datetime
    webhook_id: str
    timestamp: int
    body: bytes


# From live secrets (the present one first), what is sent and the webhook's options to header fields in wire order.
Sign = Callable[[Sequence[str], Signable, Mapping[str, str]], Headers]


@dataclass(frozen=True, slots=True)
class Option:
    """Something that a webhook sets beside the scheme; `default` empty: left out unless it is given.

    `check` returns in words why a value can't be used, or None; `missed` says who refuses what is sent without it.
    """

    name: str
    label: str
    help: str
    default: str
    check: Callable[[str], str | None]
    missed: str = ""


def _nothing(_secret: str) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Preset:
    """One way to sign. `several`: it carries a signature per live secret, so that rotated secrets overlap.

    `sends` are the names of the headers that it adds (without those that an option names); the values of those in
    `bare`, or named by the option `bare_option`, are the secret itself and are never kept or shown; `clear` returns the
    forms of it that an endpoint so gets to see. `reads_json`: a package that verifies it, in one language or another,
    reads the body as JSON too, and refuses any other. `public_key` returns what an asymmetric signature is verified
    with.
    """

    scheme: str
    title: str
    summary: str
    verify: str
    secret: SecretFormat
    sign: Sign
    sends: tuple[str, ...]
    several: bool = False
    reads_json: bool = False
    options: tuple[Option, ...] = ()
    bare: tuple[str, ...] = ()
    bare_option: str | None = None
    clear: Callable[[str], tuple[str, ...]] = _nothing
    public_key: Callable[[str], str] | None = None
    defaults: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "defaults", {one.name: one.default for one in self.options if one.default})

    def names(self, options: Mapping[str, str]) -> set[str]:
        """Return the names, in lower case, of all headers that it may add."""
        return {name.lower() for name in self.sends} | self.bare_names(options)

    def bare_names(self, options: Mapping[str, str]) -> set[str]:
        """Return the names, in lower case, of the headers that carry the secret itself."""
        named = {options.get(self.bare_option, self.defaults.get(self.bare_option, ""))} if self.bare_option else set()
        return {name.lower() for name in (*self.bare, *named)}
