"""The search language of a bin: words that must all occur, anywhere or in a named field."""

from __future__ import annotations

import re
from dataclasses import dataclass

FIELDS = ("method", "path", "header", "body")
MOST_TERMS = 10
_TERM = re.compile(r'(?:(?P<field>[a-z]+):)?(?:"(?P<phrase>[^"]*)"|(?P<word>\S+))')


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to find, without regard to case; `field` is one of FIELDS, or None for all of them."""

    text: str
    field: str | None = None


def parse(query: str) -> tuple[Term, ...]:
    """Return the terms of a search such as `method:POST body:"order 7" stripe`; no query is an error.

    A prefix that names no field is part of its word, so that URLs and header lines can be searched for as they are.
    """
    terms = []
    for match in _TERM.finditer(query):
        field, text = match["field"], match["phrase"] if match["phrase"] is not None else match["word"]
        if field is not None and field not in FIELDS:
            field, text = None, f"{field}:{text}"
        if text:
            terms.append(Term(text, field))
    return tuple(terms[:MOST_TERMS])
