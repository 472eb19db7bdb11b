"""Response rules: what a bin answers, one answer for all captures or a sequence of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from receiver.core.answer_headers import read_headers
from shared.errors import FieldError, InvalidInput
from shared.source import jsontext

MOST_ANSWERS = 50
MOST_BODY_BYTES = 64 * 1024
LONGEST_DELAY_MS = 30_000
_WITHOUT_BODY = (204, 205, 304)  # RFC 9110 §15: these never carry content


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; `delay_ms` is waited after the capture is stored."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    delay_ms: int = 0

    def document(self) -> dict[str, Any]:
        """Return the answer as the API writes it."""
        return {"status": self.status, "headers": dict(self.headers), "body": self.body, "delay_ms": self.delay_ms}

    def all_headers(self) -> tuple[tuple[str, str], ...]:
        """Return the headers with a Content-Type for a body that was given none."""
        if not self.body or any(name.lower() == "content-type" for name, _ in self.headers):
            return self.headers
        is_json = self.body.lstrip().startswith(("{", "[")) and jsontext.fault(self.body) is None
        return (*self.headers, ("Content-Type", "application/json" if is_json else "text/plain; charset=utf-8"))


@dataclass(frozen=True, slots=True)
class Rule:
    """The answers of a bin in turn; after the last one comes the last again, or the first."""

    answers: tuple[Answer, ...]
    repeat: Literal["last", "cycle"] = "last"

    def document(self) -> dict[str, Any]:
        """Return the rule as the API writes it: one answer, or a sequence."""
        if len(self.answers) == 1:
            return self.answers[0].document()
        return {"sequence": [answer.document() for answer in self.answers], "repeat": self.repeat}


def choose(rule: Rule, turn: int) -> Answer:
    """Return the answer for the capture that is the `turn`-th (from 1) since the rule was set."""
    index = max(turn, 1) - 1
    if rule.repeat == "cycle":
        return rule.answers[index % len(rule.answers)]
    return rule.answers[min(index, len(rule.answers) - 1)]


def read(document: object) -> Rule:
    """Return the rule of an API document; raise InvalidInput that names every wrong field."""
    faults: list[FieldError] = []
    if isinstance(document, Mapping) and "sequence" in document:
        rule = _read_sequence(document, faults)
    else:
        rule = Rule((_read_answer(document, "", faults),))
    if faults:
        raise InvalidInput.of(*faults)
    return rule


def _read_sequence(document: Mapping[str, Any], faults: list[FieldError]) -> Rule:
    faults += _unknown(document, ("sequence", "repeat"), "")
    repeat = document.get("repeat", "last")
    if repeat not in ("last", "cycle"):
        faults.append(FieldError("repeat", 'Use "last" or "cycle".'))
    steps = document["sequence"]
    if not isinstance(steps, list) or not 1 <= len(steps) <= MOST_ANSWERS:
        faults.append(FieldError("sequence", f"Give a list of 1 to {MOST_ANSWERS} answers."))
        return Rule(())
    answers = tuple(_read_answer(step, f"sequence.{number}.", faults) for number, step in enumerate(steps))
    return Rule(answers, repeat)


def _read_answer(document: object, prefix: str, faults: list[FieldError]) -> Answer:
    if not isinstance(document, Mapping):
        faults.append(
            FieldError(prefix.rstrip(".") or "response", "Give an object with status, headers, body, delay_ms.")
        )
        return Answer()
    faults += _unknown(document, ("status", "headers", "body", "delay_ms"), prefix)
    answer = Answer(
        status=_read_number(document, "status", 200, (200, 599), prefix, faults),
        headers=read_headers(document.get("headers") or {}, f"{prefix}headers", faults),
        body=_read_body(document.get("body"), f"{prefix}body", faults),
        delay_ms=_read_number(document, "delay_ms", 0, (0, LONGEST_DELAY_MS), prefix, faults),
    )
    if answer.body and answer.status in _WITHOUT_BODY:
        faults.append(FieldError(f"{prefix}body", f"An answer with status {answer.status} carries no body (RFC 9110)."))
    return answer


def _unknown(document: Mapping[str, Any], known: tuple[str, ...], prefix: str) -> list[FieldError]:
    message = f"The fields here are {', '.join(known)}."
    return [FieldError(f"{prefix}{name}", message) for name in document if name not in known]


def _read_number(
    document: Mapping[str, Any], name: str, default: int, bounds: tuple[int, int], prefix: str, faults: list[FieldError]
) -> int:
    value = document.get(name)
    if value is None:
        return default
    low, high = bounds
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        faults.append(FieldError(f"{prefix}{name}", f"Give a whole number from {low} to {high}."))
        return default
    return value


def _read_body(value: object, field: str, faults: list[FieldError]) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        faults.append(FieldError(field, "Give the body as text."))
        return ""
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        faults.append(FieldError(field, "The body holds half a surrogate pair, which is no text."))
        return ""
    if size > MOST_BODY_BYTES or "\0" in value:
        faults.append(FieldError(field, f"Give at most {MOST_BODY_BYTES} bytes of text without NUL."))
        return ""
    return value
