"""JSON (RFC 8259), formatted from its text; a syntax error is located instead."""

from __future__ import annotations

from receiver.core.bodies.base import Body, View
from shared.source import jsontext


def keenness(body: Body) -> float:
    """By name first; else a text that begins like an object or array and is one."""
    named = body.media_type == "application/json" or body.media_type.endswith(("+json", "/json"))
    if named:
        return 1.0
    text = body.text
    if text is None or not text.lstrip().startswith(("{", "[")):
        return 0.0
    if body.cut:
        return 0.5
    return 0.95 if jsontext.fault(text) is None else 0.0  # over a form: `curl -d` calls everything a form


def view(body: Body) -> View:
    """The text with one member a line; of a text that is not JSON, the text itself and where it goes wrong."""
    text = body.text
    if text is None:
        raise ValueError("not text")
    fault = None if body.cut else jsontext.fault(text)
    if fault is None:
        return View("JSON", jsontext.pretty(text), "json")
    if not text.strip():
        return View("JSON", text, "text", note="The body is empty, which is not JSON.")
    if all(jsontext.fault(line) is None for line in text.splitlines() if line.strip()):
        return View("JSON lines", jsontext.pretty(text), "json")
    return View("JSON", text, "json", note=f"Not valid JSON: {fault.reason}, line {fault.line}, column {fault.column}.")
