"""Asks a service for what goes wrong, and checks what is true of every error."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import text
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from tests.shared.services import BEARER, csrf_token, sign_in


class Errors:
    """A program with the token (`problem`, `json`) and a person who is signed in (`page`) in one."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()
        self.browser = app.test_client()
        self.last: TestResponse = sign_in(self.browser)

    def json(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON of an answer that is no error."""
        self.last = self.client.open(path, method=method, headers=BEARER, **options)
        assert self.last.status_code < 400, self.last.text
        return self.last.get_json()

    def problem(self, method: str, path: str, *, status: int, **options: Any) -> dict[str, Any]:
        """Return the problem document of an answer with this status."""
        self.last = self.client.open(path, method=method, headers=BEARER, **options)
        assert self.last.status_code == status, self.last.text
        assert self.last.content_type == "application/problem+json"
        document: dict[str, Any] = self.last.get_json(force=True)
        assert document["status"] == status
        assert document["type"]
        assert document["title"]
        assert document["request_id"] == self.last.headers["X-Request-Id"]
        return document

    def page(self, method: str, path: str, *, status: int, data: dict[str, str] | None = None) -> str:
        """Return the page of an answer with this status; it is whole, with the way to all others."""
        form = None if data is None and method == "GET" else {"csrf_token": csrf_token(self.browser), **(data or {})}
        self.last = self.browser.open(path, method=method, data=form)
        assert self.last.status_code == status, self.last.text
        assert self.last.content_type.startswith("text/html")
        page = self.last.text
        assert "<nav" in page
        assert "Traceback" not in page
        return page

    def check_internal_errors(self, api: str, page: str, *, table: str) -> None:
        """Lose a table, and see that the answers keep it to themselves while the log names it and the request."""
        form = self.page("GET", page, status=200)
        assert form
        self._lose(table)
        with capture_logs(processors=[merge_contextvars]) as logged:
            problem = self.problem("GET", api, status=500)
            ids = [problem["request_id"]]
            shown = self.page("GET", page, status=500)
            ids.append(self.last.headers["X-Request-Id"])
        assert ids[1] in shown
        for told in (str(problem), shown):
            for internal in (table + " ", "SELECT", "sqlite", "OperationalError", ".py"):
                assert internal.lower() not in told.lower().replace(f"/{table}", ""), internal
        failed = [entry for entry in logged if entry["event"] == "request failed"]
        assert [entry["request_id"] for entry in failed] == ids
        assert all(entry["exc_info"] and entry["log_level"] == "error" for entry in failed)

    def _lose(self, table: str) -> None:
        db = self.app.extensions["sqlalchemy"]
        with self.app.app_context(), db.engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {table} RENAME TO elsewhere"))
