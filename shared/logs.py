"""Structured logs: one line per thing that happened, with the request's or delivery's id and no secret in it."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog
from flask import Flask, Response, g, request
from structlog.typing import Processor

from shared import clock, moments
from shared.settings import CommonSettings

_SECRET_KEYS = re.compile(r"secret|token|password|authorization|cookie|signature", re.IGNORECASE)
_SECRET_VALUES = re.compile(r"whs(?:ec|k)_[A-Za-z0-9+/=]+|(?i:bearer|basic) [A-Za-z0-9+/=._~-]+|(?<=token=)[^&\s\"']+")
_HIDDEN = "[hidden]"
_QUIET_PATHS = ("/healthz", "/readyz", "/metrics", "/static/", "/ui/")


def configure(settings: CommonSettings, known_secrets: Iterable[str] = ()) -> None:
    """Send all logs of this process, libraries' included, to stderr in the form of the settings.

    `known_secrets` (the admin token) are replaced wherever they turn up, also inside tracebacks.
    """
    hide = _Hider(tuple(known_secrets))
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _add_time,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        hide,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for own_way in ("gunicorn.error", "gunicorn.access"):  # they may name a whole URL, and a URL may hold a token
        logger = logging.getLogger(own_way)
        logger.handlers = []
        logger.propagate = True
    for noisy in ("alembic", "urllib3", "sqlalchemy"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *common, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def install(app: Flask, service: str) -> None:
    """Give every request of `app` an id (also sent back as X-Request-Id) and log it when answered."""
    log = structlog.get_logger(f"{service}.http")

    @app.before_request
    def begin() -> None:
        g.request_id = secrets.token_hex(8)
        g.request_started = clock.monotonic()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        if "request_id" in g:
            response.headers["X-Request-Id"] = g.request_id
            if not request.path.startswith(_QUIET_PATHS):
                log.info(
                    "request",
                    method=request.method,
                    path=request.path,  # without the query: it may hold a token
                    status=response.status_code,
                    ms=round((clock.monotonic() - g.request_started) * 1000, 1),
                )
        return response


class _Hider:
    """A structlog processor that hides secrets by the name of their key, by their shape and by their value."""

    def __init__(self, known: tuple[str, ...]) -> None:
        self._known = tuple(value for value in known if value)

    def __call__(self, _logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key, value in event.items():
            if key != "event" and _SECRET_KEYS.search(key):
                event[key] = _HIDDEN
            else:
                event[key] = self._hide(value)
        return event

    def _hide(self, value: Any) -> Any:
        if isinstance(value, str):
            for secret in self._known:
                value = value.replace(secret, _HIDDEN)
            return _SECRET_VALUES.sub(_HIDDEN, value)
        if isinstance(value, dict):
            return {k: _HIDDEN if _SECRET_KEYS.search(str(k)) else self._hide(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self._hide(item) for item in value]
        return value


def _add_time(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["time"] = moments.rfc3339(clock.now())
    return event
