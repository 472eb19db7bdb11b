"""A person who visits the receiver."""

from __future__ import annotations

from tests import visitor


class Visitor(visitor.Visitor):
    """Sees the answer itself."""

    HOST = "bin.example"
    TOKEN = "test-token"
    FORM_AT = "/bins"
