"""Errors as RFC 9457 problem documents on the API and as a helpful page in the browser."""

from __future__ import annotations

import json
from typing import NoReturn

import structlog
from flask import Flask, Response, g, redirect, render_template, request, url_for
from flask_limiter.errors import RateLimitExceeded
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import BadHost, HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from shared import json_text
from shared.database import is_unavailable
from shared.errors import Busy, FieldError, HookloopError, InvalidInput, Malformed

MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger(__name__)

_WORDS = {  # by pydantic's names, in whose place its own words are those of Python
    "missing": "{0} is missing.",
    "extra_forbidden": "There is no field {0}.",
    "dict_type": "{0} must be an object.",
    "model_attributes_type": "{0} must be an object.",
    "model_type": "{0} must be an object.",
    "list_type": "{0} must be an array.",
    "string_type": "{0} must be a string.",
    "int_type": "{0} must be a whole number.",
    "int_parsing": "{0} must be a whole number.",
    "int_from_float": "{0} must be a whole number.",
    "bool_type": "{0} must be true or false.",
    "bool_parsing": "{0} must be true or false.",
    "greater_than_equal": "{0} must be at least {ge}.",
    "less_than_equal": "{0} must be at most {le}.",
    "literal_error": "{0} must be {expected}.",
    "enum": "{0} must be {expected}.",
    "too_short": "{0} must hold at least {min_length}.",
    "too_long": "{0} must hold at most {max_length}, not {actual_length}.",
}

_HELP = {
    400: "Check what was sent and try again.",
    404: "The address may be mistyped, or what it named was deleted.",
    405: "This address answers to other methods; see the API reference.",
    413: "Send less at once.",
    421: "Use the address that was printed at the start, or tell the service its other names.",
    422: "Mend the fields named above and send again.",
    429: "Wait a minute and try again.",
    500: "Nothing was lost by this error. Please try again; the log names the request by its id.",
    503: "Try again in a moment.",
}


class FieldProblem(BaseModel):
    """One wrong field."""

    field: str = Field(description="Path of the field.", examples=["url", "events[3].type"])
    message: str = Field(description="What is wrong, in words.", examples=["Must start with http:// or https://."])


class ProblemModel(BaseModel):
    """An error, as RFC 9457 shapes it (`application/problem+json`)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Invalid input"])
    status: int = Field(examples=[422])
    detail: str
    request_id: str | None = None
    errors: list[FieldProblem] = Field(default_factory=list, description="Only for bad input: one entry per field.")


class NotJson(HookloopError):
    """The body of an API call says that it is something else than JSON (RFC 9110 §15.5.16)."""

    status = 415
    title = "Unsupported media type"


def install(app: Flask) -> None:
    """Answer every error of `app` in the form that the caller can read."""
    app.register_error_handler(HookloopError, _answer_own)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_unexpected)
    app.before_request(_check_json)


def refuse_invalid(error: ValidationError) -> NoReturn:
    """Raise InvalidInput for a request that does not fit its pydantic model."""
    raise InvalidInput.of(*(FieldError(_path(fault["loc"]), _words(fault)) for fault in error.errors()))


def is_for_programs() -> bool:
    """Return whether the request comes from a program (the API) rather than from a person's browser."""
    if request.path.startswith(("/api/", "/openapi.json", "/metrics", "/healthz", "/readyz")):
        return True
    accepted = request.accept_mimetypes
    return accepted.best_match(["text/html", "application/json"], "text/html") != "text/html"


def _answer_own(error: HookloopError) -> BaseResponse:
    if error.status == 401 and not is_for_programs():
        wanted = request.full_path.rstrip("?") if request.method == "GET" and request.path != "/" else ""
        return redirect(url_for("access.sign_in", next=wanted or None))
    response = _answer(error.status, error.title, error.detail, error.errors)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="hookloop"'
    if error.status == 503:
        response.headers["Retry-After"] = "2"
    return response


def _answer_http(error: HTTPException) -> BaseResponse:
    if error.response is not None:
        return Response.force_type(error.response)  # type: ignore[arg-type]  # Werkzeug's hint is wider than its use
    detail = "There is nothing at this address." if error.code == 404 else error.description or ""
    if isinstance(error, RequestEntityTooLarge):
        detail = "The body is larger than this service takes."
    if isinstance(error, RateLimitExceeded):
        detail = f"Too many attempts: {error.description} are allowed."
    response = _answer(error.code or 500, error.name, detail)
    response.headers.extend({k: v for k, v in error.get_headers() if k.lower() in ("allow", "retry-after")})
    return response


def _answer_unexpected(error: Exception) -> BaseResponse:
    if isinstance(error, DBAPIError) and is_unavailable(error):
        _log.error("the database failed", error=type(error.orig).__name__, reason=str(error.orig))
        return _answer_own(Busy("The database cannot do this now; nothing was stored. Send it again."))
    _log.exception("request failed", error=type(error).__name__)
    return _answer(500, "Internal error", "Something went wrong on our side.")


def _answer(status: int, title: str, detail: str, errors: tuple[FieldError, ...] = ()) -> Response:
    if is_for_programs() or isinstance(request.routing_exception, BadHost):  # under such a name no page has links
        return problem(status, title, detail, errors)
    page = render_template(
        "ui/error.html",
        status=status,
        title=title,
        detail=detail,
        errors=errors,
        help=_HELP.get(status, ""),
        request_id=g.get("request_id"),
    )
    return Response(page, status=status)


def problem(status: int, title: str, detail: str, errors: tuple[FieldError, ...] = ()) -> Response:
    """Return an RFC 9457 problem document as a response."""
    document = ProblemModel(
        type="about:blank",
        title=title,
        status=status,
        detail=detail,
        request_id=g.get("request_id"),
        errors=[FieldProblem(field=error.field, message=error.message) for error in errors],
    )
    fields = document.model_dump(exclude_none=True)
    if not errors:
        del fields["errors"]
    return Response(json.dumps(fields), status=status, content_type=MEDIA_TYPE)


def _check_json() -> None:
    """Refuse an API body that is no JSON with a message of its own, before any model looks at it."""
    if not request.path.startswith("/api/") or request.method not in ("POST", "PUT", "PATCH"):
        return
    body = request.get_data(cache=True)
    if not body:
        return
    if not request.is_json:
        raise NotJson("Send the body as JSON, with `Content-Type: application/json`.")
    try:
        json_text.load(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The body is not valid JSON: {error}") from None


def _path(location: tuple[int | str, ...]) -> str:
    """Return the field's path: names with dots between them, places in lists in brackets."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).removeprefix(".") or "body"


def _words(fault: ErrorDetails) -> str:
    """Return what is wrong in words of JSON, which name the field: the detail of an answer has them without it."""
    if words := _WORDS.get(fault["type"]):
        return words.format(_path(fault["loc"]), **fault.get("ctx", {}))
    return _sentence(fault["msg"])


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message if message.endswith((".", "?", "!")) else f"{message}."
