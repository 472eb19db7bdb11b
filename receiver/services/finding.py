"""Turns search terms into conditions that both databases understand."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import ColumnElement, Engine, Text, event, func, or_, type_coerce

from receiver.core.search import Term
from receiver.models import Capture

SEARCHED_BYTES = 1024 * 1024  # of each body, from its beginning


def condition(term: Term, dialect: str) -> ColumnElement[bool]:
    """Return what a capture must fulfil to be found by `term`, on the database named `dialect`."""
    match term.field:
        case "method":
            return func.lower(Capture.method) == term.text.lower()
        case "path":
            return _within(Capture.target, term.text)
        case "header":
            return _within(Capture.headers, term.text)
        case "body":
            return _within_body(term.text, dialect)
    return or_(
        func.lower(Capture.method) == term.text.lower(),
        _within(Capture.target, term.text),
        _within(Capture.headers, term.text),
        _within_body(term.text, dialect),
    )


def prepare(engine: Engine) -> None:
    """Teach SQLite connections of `engine` to look into bodies."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _add_function)


def _add_function(connection: sqlite3.Connection, _record: object) -> None:
    connection.create_function("hookloop_contains", 2, _contains, deterministic=True)


def _contains(body: bytes, wanted: bytes) -> bool:
    return wanted in body[:SEARCHED_BYTES].lower()


def _within(column: Any, text: str) -> ColumnElement[bool]:
    return type_coerce(column, Text).icontains(text, autoescape=True)


def _within_body(text: str, dialect: str) -> ColumnElement[bool]:
    """Return whether the UTF-8 of `text` is in the body, without regard to the case of ASCII letters."""
    wanted = text.encode("utf-8", "surrogatepass").lower()
    if dialect == "sqlite":
        return func.hookloop_contains(Capture.body, wanted)
    shown = func.lower(func.encode(func.substring(Capture.body, 1, SEARCHED_BYTES), "escape"))
    return shown.contains(_escape(wanted), autoescape=True)


def _escape(data: bytes) -> str:
    r"""Return bytes as PostgreSQL's `encode(…, 'escape')` writes them: `\\` and `\nnn` for what is not ASCII."""
    plain = {0x5C: "\\\\"}
    return "".join(plain.get(byte) or (chr(byte) if 0 < byte < 0x80 else f"\\{byte:03o}") for byte in data)
