"""A person who visits the sender."""

from __future__ import annotations

from tests import visitor

TOKEN = "test-token-of-the-sender"


class Visitor(visitor.Visitor):
    """Sees the page to which an answer leads."""

    TOKEN = TOKEN
    FORM_AT = "/webhooks"

    def post(self, path, follow=True, **fields):
        return super().post(path, follow, **fields)
