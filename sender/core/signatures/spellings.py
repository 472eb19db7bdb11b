"""How JSON, HTML, URLs and forms spell printable ASCII: a text is read by taking their escapes back, layer by layer.

Reading needs a time in proportion to the text, whatever it holds. A pattern that offers every spelling of every
character of what is looked for does not: a run of backslashes can be shared out among them in too many ways.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html.entities import html5

_MOST_READINGS = 8
_NAMES = {name[:-1]: one for name, one in html5.items() if name.endswith(";") and len(one) == 1 and " " <= one <= "~"}
_ESCAPE = re.compile(
    r"""
    \\ (?: u00([2-7][0-9a-f]) | x([2-7][0-9a-f]) | \\{63} | (["'/\\]) )  # JSON, JavaScript, Python; long runs at once
    | & (?: \#0{0,8}+ (3[2-9]|[4-9][0-9]|1[01][0-9]|12[0-6]) ; | \#x0{0,8}+ ([2-7][0-9a-f]) ; | ([a-z]{2,24}+) ; )
    | % ([2-7][0-9a-f])
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_QUOTED, _DECIMAL, _NAME = 3, 4, 6
_HALF_ESCAPES = re.compile(
    r"(?:\\++(?:u[0-9a-f]{0,3}|x[0-9a-f]?)?|&[#0-9a-z]*+|%[0-9a-f]?)++\Z", re.IGNORECASE | re.ASCII
)
_LONGEST_HALVES = 64


@dataclass(frozen=True, slots=True)
class Reading:
    """A text in which escapes have been replaced by their characters, those at `places`; `of` is the reading before.

    `spans` are the escapes in the text of `of`. A plus is read as the blank that it means in forms.
    """

    text: str
    of: Reading | None = None
    places: Sequence[int] = ()
    spans: Sequence[tuple[int, int]] = ()

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the span in the original text from which the one from `start` to `end` here was read."""
        reading = self
        while reading.of is not None:
            start, end = reading._span(start)[0], reading._span(end - 1)[1]
            reading = reading.of
        return start, end

    def _span(self, index: int) -> tuple[int, int]:
        """Return where the character at `index` stands in the reading before."""
        at = bisect_right(self.places, index) - 1
        if at < 0:
            return index, index + 1
        if self.places[at] == index:
            return self.spans[at]
        start = self.spans[at][1] + index - self.places[at] - 1
        return start, start + 1


def readings(text: str) -> list[Reading]:
    """Return the text and what is read of it by taking back one layer of escapes after another, while there are any."""
    found = [Reading(text.replace("+", " "))]
    while len(found) < _MOST_READINGS and (deeper := _read(found[-1])) is not None:
        found.append(deeper)
    return found


def without_half_escape(text: str) -> str:
    """Return a text without the beginning of an escape that it may end with, or of an escape in an escape."""
    return text[:-_LONGEST_HALVES] + _HALF_ESCAPES.sub("", text[-_LONGEST_HALVES:])


def _read(reading: Reading) -> Reading | None:
    parts: list[str] = []
    places: list[int] = []
    spans: list[tuple[int, int]] = []
    place = done = 0
    for escape in _ESCAPE.finditer(reading.text):
        character = _character(escape[0])
        if character is None:
            continue
        start, end = escape.span()
        place += start - done
        places.append(place)
        spans.append((start, end))
        parts += (reading.text[done:start], character)
        place += 1
        done = end
    if not places:
        return None
    return Reading("".join([*parts, reading.text[done:]]), reading, places, spans)


@lru_cache(1024)
def _character(spelt: str) -> str | None:
    escape = _ESCAPE.fullmatch(spelt)
    kind = escape and escape.lastindex
    if escape is None or kind is None:
        return "\\"
    if kind == _QUOTED:
        return escape[kind]
    character = _NAMES.get(escape[kind]) if kind == _NAME else chr(int(escape[kind], 10 if kind == _DECIMAL else 16))
    return " " if character == "+" else character
