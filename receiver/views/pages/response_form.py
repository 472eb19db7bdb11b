"""Between the form of a response rule and the rule's document: three kinds, headers as lines, statuses as a list."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import FieldError, InvalidInput

DEFAULTS: dict[str, Any] = {
    "kind": "default",
    "status": "200",
    "headers": "",
    "body": "",
    "delay_ms": "0",
    "statuses": "500, 500, 200",
    "repeat": "last",
    "document": """{
  "sequence": [
    {"status": 503, "headers": {"Retry-After": "1"}},
    {"status": 200}
  ]
}""",
}


def of_rule(text: str | None) -> dict[str, Any]:
    """Return the form's values for a stored rule (JSON text); rules beyond its plain fields are shown as JSON."""
    if text is None:
        return dict(DEFAULTS)
    rule = json.loads(text)
    if "sequence" not in rule:
        headers = "\n".join(f"{name}: {value}" for name, value in rule["headers"].items())
        own = {"status": str(rule["status"]), "body": rule["body"], "delay_ms": str(rule["delay_ms"])}
        return DEFAULTS | own | {"kind": "same", "headers": headers}
    if all(not (answer["headers"] or answer["body"] or answer["delay_ms"]) for answer in rule["sequence"]):
        statuses = ", ".join(str(answer["status"]) for answer in rule["sequence"])
        return DEFAULTS | {"kind": "turn", "statuses": statuses, "repeat": rule["repeat"]}
    return DEFAULTS | {"kind": "json", "document": json.dumps(rule, indent=2, ensure_ascii=False)}


def read(form: Mapping[str, str]) -> Any:
    """Return the rule's document that a sent form describes, None for the default answer; raise InvalidInput."""
    match form.get("kind"):
        case "same":
            return {
                "status": _number(form.get("status", "")),
                "headers": _headers(form.get("headers", "")),
                "body": form.get("body", "").replace("\r\n", "\n"),  # forms are sent with CRLF (HTML §4.10.21)
                "delay_ms": _number(form.get("delay_ms", "") or "0"),
            }
        case "turn":
            statuses = [part for part in form.get("statuses", "").replace(",", " ").split() if part]
            return {"sequence": [{"status": _number(part)} for part in statuses], "repeat": form.get("repeat")}
        case "json":
            return _document(form.get("document", ""))
    return None


def by_field(faults: Sequence[FieldError], form: Mapping[str, str]) -> dict[str, str]:
    """Return the messages under the names of the form's fields."""
    kind = form.get("kind")
    messages: dict[str, str] = {}
    for fault in faults:
        name = fault.field.partition(".")[0]
        if kind == "turn" and name != "repeat":
            name = "statuses"
        elif kind == "json":
            name = "document"
        shown = fault.message if kind != "json" or fault.field == "document" else f"{fault.field}: {fault.message}"
        messages[name] = f"{messages[name]} {shown}" if name in messages else shown
    return messages


def _number(text: str) -> int | str:
    """Return the number in `text`; what is none stays text, and the rule's reader refuses it in words."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _headers(text: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise InvalidInput.of(FieldError("headers", f"Line {number} has no colon; write it as Name: value."))
        if name.strip().lower() in (known.lower() for known in headers):
            raise InvalidInput.of(FieldError("headers", f"Line {number} names {name.strip()} again."))
        headers[name.strip()] = value.strip()
    return headers


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput.of(FieldError("document", f"This is not JSON: {error}.")) from None
