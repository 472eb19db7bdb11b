"""Takes XML and HTML source apart without parsing it: in one pass, however hostile the text is."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ENDS = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">"))
_TAG = re.compile(r"""<(?:[^<>"']++|"[^"]*+"|'[^']*+')++>""")
_IN_TAG = re.compile(
    r"""(?P<name>^</?[^\s/>]++)|(?P<attribute>[^\s=/>"'<]++)|(?P<value>"[^"]*+"|'[^']*+')|.""", re.DOTALL
)
_DEEPEST_INDENT = 40


def pieces(text: str) -> tuple[list[str], str]:
    """Return the runs of text, tags, comments and declarations of `text`, and the rest that can't be taken apart."""
    found: list[str] = []
    position = 0
    while position < len(text):
        end = _end(text, position)
        if end < 0:
            break
        found.append(text[position:end])
        position = end
    return found, text[position:]


def indent(text: str) -> str:
    """Return `text` with a line break and an indent where two tags meet; text with content keeps its blanks."""
    found, rest = pieces(text)
    if rest:
        return text  # better as it is than half formatted
    out: list[str] = []
    depth = 0
    previous = ""
    for piece in found:
        if not piece.startswith("<") and not piece.strip():
            continue
        closes = piece.startswith("</")
        depth = max(0, depth - 1) if closes else depth
        meets = piece.startswith("<") and previous.startswith("<")
        if meets and not (closes and _opens(previous)):
            out.append("\n" + "  " * min(depth, _DEEPEST_INDENT))
        out.append(piece)
        depth += 1 if _opens(piece) else 0
        previous = piece
    return "".join(out)


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield (Pygments short class, text) pairs that together are `text`."""
    found, rest = pieces(text)
    for piece in found:
        if not piece.startswith("<") or piece.startswith("<![CDATA["):
            yield "", piece
        elif piece.startswith("<!--"):
            yield "c", piece
        elif piece.startswith(("<!", "<?")):
            yield "cp", piece
        else:
            yield from _tag_tokens(piece)
    if rest:
        yield "", rest


def _end(text: str, start: int) -> int:
    """Return where the piece that begins at `start` ends; -1 when it has no end."""
    if text[start] != "<":
        end = text.find("<", start)
        return len(text) if end < 0 else end
    for opening, closing in _ENDS:
        if text.startswith(opening, start):
            end = text.find(closing, start + len(opening))
            return -1 if end < 0 else end + len(closing)
    match = _TAG.match(text, start)
    return match.end() if match else -1


def _tag_tokens(tag: str) -> Iterator[tuple[str, str]]:
    classes = {"name": "nt", "attribute": "na", "value": "s"}
    for match in _IN_TAG.finditer(tag):
        yield classes.get(match.lastgroup or "", ""), match[0]


def _opens(piece: str) -> bool:
    return piece.startswith("<") and not piece.startswith(("</", "<!", "<?")) and not piece.endswith("/>")
