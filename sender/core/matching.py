"""Which event types a webhook wants: slugs, and globs of slugs in which `*` stands for anything."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import lru_cache

MAX_SLUG = 100

_SLUG = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_GLOB = re.compile(r"[a-z0-9._*-]+")
_SHORTHAND = re.compile(r"[._-]{2}|^[._-]|[._-]$")


def matches(patterns: Iterable[str], slug: str) -> bool:
    """Return whether any pattern wants events of type `slug`; `*` stands for any characters, none included."""
    return any(pattern == slug or ("*" in pattern and _compile(pattern)(slug)) for pattern in patterns)


def fitting_nothing(patterns: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return a sentence for each glob that fits no known event type: it may be meant for types to come, or mistyped."""
    slugs = list(known)
    words = []
    for pattern in patterns:
        if "*" in pattern and not any(matches([pattern], slug) for slug in slugs):
            near = nearest(pattern.replace("*", ""), (slug for slug in slugs))
            hint = f" Did you mean something like {near}?" if near else ""
            words.append(f"{pattern} fits no event type that there is yet.{hint}")
    return words


def check_pattern(pattern: str, known: Iterable[str]) -> str | None:
    """Return what is wrong with an event type or glob that a webhook asks for, or None.

    An event type has to be among `known`. A glob only has to be well formed: it may be meant for types to come.
    """
    if not pattern.strip():
        return "An event type cannot be empty."
    if len(pattern) > MAX_SLUG:
        return f"An event type has at most {MAX_SLUG} characters."
    if "*" in pattern:
        return _check_glob(pattern)
    slugs = list(known)
    if pattern in slugs:
        return None
    return unknown(pattern, slugs)


def check_slug(slug: str) -> str | None:
    """Return what is wrong with the slug of a new event type, or None.

    Standard Webhooks 1.0 ("Event types") recommends names of parts with dots between them.
    """
    if not slug:
        return "Give it a slug, for example order.paid."
    if len(slug) > MAX_SLUG:
        return f"Use at most {MAX_SLUG} characters."
    if not _SLUG.fullmatch(slug):
        return "Use lower-case letters and digits, with single dots, '_' or '-' between them: for example order.paid."
    return None


def unknown(slug: str, known: Iterable[str]) -> str:
    """Return the sentence that says there is no event type `slug`, with the nearest one that there is."""
    near = nearest(slug, known)
    return f"There is no event type {slug}." + (f" Did you mean {near}?" if near else "")


def nearest(slug: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `slug` was most likely meant to be, or None when none is near."""
    by_plain: dict[str, str] = {}
    for candidate in candidates:
        by_plain.setdefault(_plain(candidate), candidate)
    found = difflib.get_close_matches(_plain(slug[:MAX_SLUG]), by_plain, n=1, cutoff=0.6)
    return by_plain[found[0]] if found else None


def _plain(slug: str) -> str:
    """The slug without what people spell in different ways: case, and the character between words."""
    return re.sub(r"[\s.-]", "_", slug.strip().lower())


def _check_glob(pattern: str) -> str | None:
    if not _GLOB.fullmatch(pattern):
        return f"{pattern} is no glob of event types: use lower-case letters, digits, '.', '_', '-' and '*'."
    if "**" in pattern:
        return f"{pattern} has two * in a row; one says the same."
    if _SHORTHAND.search(pattern):
        return f"{pattern} cannot match an event type: they have single dots, '_' or '-' between words."
    return None


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> _Matcher:
    return _Matcher(pattern)


class _Matcher:
    """A glob taken apart at its stars; finds them left to right, in time linear in the slug (no backtracking)."""

    def __init__(self, pattern: str) -> None:
        self._head, *self._middle, self._tail = pattern.split("*")

    def __call__(self, slug: str) -> bool:
        end = len(slug) - len(self._tail)
        position = len(self._head)
        if end < position or not slug.startswith(self._head) or not slug.endswith(self._tail):
            return False
        for part in self._middle:
            found = slug.find(part, position, end)
            if found < 0:
                return False
            position = found + len(part)
        return True
