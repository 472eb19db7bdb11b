"""Colours source text: classes and text, never markup, so that a template escapes all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pygments.lexers.data import JsonLexer
from pygments.token import STANDARD_TYPES, Token

from shared.source import markup

LIMIT = 256 * 1024  # characters; beyond it colours cost more than they tell


def tokens(text: str, language: str) -> list[tuple[str, str]]:
    """Return (class, text) pairs that together are `text`; classes are Pygments' short ones, "" for none.

    Only languages whose scanner takes linear time are coloured: 64 kB of hostile XML keep Pygments' own XML
    lexer, made of regular expressions, busy for 18 s.
    """
    scan = _SCANNERS.get(language)
    if scan is None or len(text) > LIMIT:
        return [("", text)] if text else []
    return _merged(scan(text))


def _json(text: str) -> Iterator[tuple[str, str]]:
    lexer = JsonLexer(stripnl=False, ensurenl=False)
    for _, kind, value in lexer.get_tokens_unprocessed(text):
        yield _short_class(kind), value


def _short_class(kind: Any) -> str:
    """Return the class of a token type or of its nearest ancestor that has one; blanks have none."""
    while kind not in STANDARD_TYPES and kind.parent is not None:
        kind = kind.parent
    return "" if kind in Token.Text else str(STANDARD_TYPES.get(kind, ""))


def _merged(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs with neighbours of one class joined: half as many elements in the page."""
    merged: list[tuple[str, str]] = []
    for kind, text in pairs:
        if merged and merged[-1][0] == kind:
            merged[-1] = (kind, merged[-1][1] + text)
        else:
            merged.append((kind, text))
    return merged


_SCANNERS: dict[str, Callable[[str], Iterator[tuple[str, str]]]] = {
    "json": _json,
    "xml": markup.tokens,
    "html": markup.tokens,
}
