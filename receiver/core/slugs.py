"""The names that bins have in their capture URL: random ones that people can read out, and the check of chosen ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from shared import ids

MAX_LENGTH = 64

_SHAPE = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_TAIL = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: nothing that looks like something else
_TAIL_LENGTH = 6  # 30 bits beside about 11 of the words: not to be guessed by trying
_FIRST = (
    "amber bold brave breezy bright brisk calm candid clever cosmic crisp curious dapper deft eager early fair fancy "
    "fleet fond fresh gentle glad golden grand happy hardy honest humble jolly keen kind lively loyal lucky mellow "
    "merry mild misty modest nimble noble plucky polite proud quick quiet rapid ready royal rustic sharp shiny silent "
    "simple sleek smart snug solar solid spry steady sunny swift tidy vivid warm wise witty zesty"
)
_SECOND = (
    "acorn badger beacon birch bison brook canyon cedar cloud comet coral crane creek dolphin dune eagle ember falcon "
    "fern finch fjord forest fox glade harbor hawk heron island ivy jay kestrel lagoon lark laurel lotus lynx maple "
    "marten meadow moose otter owl panda pebble pine planet plum puffin quail raven reef river robin sparrow spruce "
    "stone summit swan thistle tiger trail tulip valley walnut willow wren"
)


def make(choose: Callable[[Sequence[str]], str]) -> str:
    """Return a slug such as `calm-otter-4f7k2q`; `choose` picks one of a sequence (`secrets.choice`)."""
    tail = "".join(choose(_TAIL) for _ in range(_TAIL_LENGTH))
    return f"{choose(_FIRST.split())}-{choose(_SECOND.split())}-{tail}"


def fault(slug: str) -> str | None:
    """Return what is wrong with a chosen slug, said so that a person can mend it; None when it is fine."""
    if not slug:
        return "Choose a slug of at least one character."
    if len(slug) > MAX_LENGTH:
        return f"Use at most {MAX_LENGTH} characters (these are {len(slug)})."
    if not _SHAPE.fullmatch(slug):
        return "Use lower-case letters, digits, - and _, with a letter or digit first and last."
    if ids.is_id(slug):
        return "Choose a slug that does not look like an id."
    return None
