"""How pages show a body that went over the wire: formatted and coloured where it can be, and as it was."""

from __future__ import annotations

from dataclasses import dataclass

from shared.source import highlight, jsontext


@dataclass(frozen=True, slots=True)
class Shown:
    """A body as text; `pretty` are (class, text) pairs of what can be coloured, made anew when `is_formatted`."""

    text: str
    pretty: list[tuple[str, str]] | None = None
    is_formatted: bool = False


def show(data: bytes, *, cut: bool = False) -> Shown:
    """Return `data` ready for a page; `cut` when it is only the beginning of the body.

    What looks like JSON is shown as JSON whatever its content type says; numbers keep their spelling.
    """
    text = data.decode("utf-8", "replace")
    if text.lstrip().startswith(("{", "[")) and (cut or jsontext.fault(text) is None):
        return Shown(text, tokens(text), is_formatted=True)
    if text.lstrip().startswith("<"):  # HTML, XML
        return Shown(text, highlight.tokens(text, "html"))
    return Shown(text)


def tokens(text: str) -> list[tuple[str, str]]:
    """Return JSON `text`, formatted, as (class, text) pairs."""
    return highlight.tokens(jsontext.pretty(text), "json")
