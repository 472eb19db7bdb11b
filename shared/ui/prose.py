"""Plain text with `code` and blank lines, as docstrings have it, as safe HTML."""

from __future__ import annotations

import re

from markupsafe import Markup, escape


def prose(text: str) -> Markup:
    """Return `text` as paragraphs, split at blank lines; nothing but backticks means anything in it."""
    parts = re.split(r"\n\s*\n", text.strip())
    return Markup("").join(Markup("<p>{}</p>").format(line(part)) for part in parts if part)


def line(text: str) -> Markup:
    """Return `text` as one line, with `code` between backticks set as code."""
    parts = re.split(r"`([^`]+)`", " ".join(text.split()))
    pieces = [Markup("<code>{}</code>").format(part) if i % 2 else escape(part) for i, part in enumerate(parts)]
    return Markup("").join(pieces)
