"""Formats JSON from its text, so that large integers, duplicate keys, number spellings and escapes stay as sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLANKS = " \t\n\r"
_TOKEN = re.compile(
    r"""[ \t\n\r]*(
        [{}\[\],:]
      | "[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+"
      | [^\s{}\[\],:"]+
    )""",
    re.VERBOSE,
)
_DEEPEST_INDENT = 40  # levels; deeper ones line up, or a few kB of "[[[[…" would become gigabytes of spaces


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a text stops being JSON, and why; line and column count from 1."""

    reason: str
    line: int
    column: int


def fault(text: str) -> Fault | None:
    """Return what keeps `text` from being JSON (RFC 8259), None if it is JSON."""
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        return Fault(error.msg, error.lineno, error.colno)
    except RecursionError:
        return Fault("Nested too deeply", 1, 1)
    except ValueError as error:
        return Fault(str(error), 1, 1)
    return None


def pretty(text: str, indent: str = "  ") -> str:
    """Return JSON `text` with one member or element a line; only blanks between tokens change.

    A text that is cut off or no JSON is formatted as far as it can be read; the rest stays as it is.
    """
    out: list[str] = []
    depth = 0
    previous = ""
    end = 0
    for token, end in _tokens(text):  # noqa: B007  # where the last token ended is used below
        if token in ("}", "]"):
            depth = max(0, depth - 1)
            if previous not in ("{", "["):
                out.append(_line(depth, indent))
        elif previous in ("{", "[", ","):
            out.append(_line(depth, indent))
        elif previous == ":":
            out.append(" ")
        elif previous and token not in (",", ":"):
            out.append("\n")  # the next of several values, one after the other
        out.append(token)
        if token in ("{", "["):
            depth += 1
        previous = token
    return "".join(out) + text[end:].rstrip(_BLANKS)


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """Yield each token of `text` and where it ends, up to the first thing that is none."""
    position = 0
    while match := _TOKEN.match(text, position):
        position = match.end()
        yield match[1], position


def _line(depth: int, indent: str) -> str:
    return "\n" + indent * min(depth, _DEEPEST_INDENT)


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
