"""Header fields as lines of text and back: `name: value`, one a line, in order."""

from __future__ import annotations

import re
from collections.abc import Iterable

# A field value holds none of these (RFC 9110 §5.5 has a recipient replace them by blanks); a name no colon besides.
_BREAKS = re.compile(r"[\r\n\0]")


def write(headers: Iterable[tuple[str, str]]) -> str:
    """Return the lines of `headers`."""
    return "\n".join(f"{_BREAKS.sub(' ', name)}: {_BREAKS.sub(' ', value)}" for name, value in headers)


def read(lines: str) -> tuple[tuple[str, str], ...]:
    """Return the fields that `write` made `lines` from."""
    if not lines:
        return ()
    return tuple((name, value) for name, _, value in (line.partition(": ") for line in lines.split("\n")))
