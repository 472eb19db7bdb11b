"""Errors that a service raises and that the web layer turns into an answer (RFC 9457 or a page)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one input field, said so that a person can mend it."""

    field: str
    message: str


class HookloopError(Exception):
    """Base of all errors that are the caller's to know: an HTTP status, a title and a detail."""

    status = 500
    title = "Internal error"

    def __init__(self, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)

    def by_field(self) -> dict[str, str]:
        """Return the messages by field, those of one field in one sentence after another."""
        found: dict[str, str] = {}
        for fault in self.errors:
            found[fault.field] = f"{found[fault.field]} {fault.message}" if fault.field in found else fault.message
        return found


class InvalidInput(HookloopError):
    """The input has the right form but a wrong content; `errors` names each field."""

    status = 422
    title = "Invalid input"

    @classmethod
    def of(cls, *errors: FieldError) -> InvalidInput:
        """Return the error for these fields, its detail being their messages."""
        return cls(" ".join(error.message for error in errors), errors)


class Malformed(HookloopError):
    """The input could not be read at all, for example a body that is not JSON."""

    status = 400
    title = "Malformed request"


class NotFound(HookloopError):
    """Nothing has this name."""

    status = 404
    title = "Not found"


class Conflict(HookloopError):
    """The request is fine but the present state forbids it."""

    status = 409
    title = "Conflict"


class TooLarge(HookloopError):
    """The body is over the limit."""

    status = 413
    title = "Too large"


class Busy(HookloopError):
    """The service cannot take this now; the same request may succeed later."""

    status = 503
    title = "Busy"
