"""Whether answers are such as the OpenAPI document tells: their status, their media type and each of their fields."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from tests.shared.services import BEARER

_documents: dict[str, Document] = {}  # by service: they are the same under all settings


class Document:
    """The OpenAPI document of a service."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._schemas = content["components"]["schemas"]
        self._validators: dict[tuple[str, str], Draft202012Validator] = {}
        self._operations = [
            (method, re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path, operation)
            for path, item in sorted(content["paths"].items())  # a name before the variable in its place
            for method, operation in item.items()
        ]

    @classmethod
    def of(cls, app: Flask, headers: dict[str, str] = BEARER) -> Document:
        """Return the document of a service; `headers` sign in."""
        if app.import_name not in _documents:
            content = app.test_client().get("/openapi.json", headers=headers).get_json()
            _documents[app.import_name] = cls(content)
        return _documents[app.import_name]

    def check(self, method: str, path: str, answer: TestResponse) -> None:
        """Fail when it does not tell of this answer; what it has no operation for passes, and so do errors of ours."""
        found = self._find(method.lower(), path.partition("?")[0])
        if found is None or answer.status_code == 500:
            return
        name, operation = found
        where = (method, name, answer.status_code)
        assert str(answer.status_code) in operation["responses"], where
        content = operation["responses"][str(answer.status_code)].get("content")
        if not content:
            assert not answer.data, where
            return
        assert answer.mimetype in content, where
        if where not in self._validators:
            self._validators[where] = Draft202012Validator(self._closed(content[answer.mimetype]["schema"]))
        faults = self._validators[where].iter_errors(answer.get_json(force=True))
        assert [(list(fault.path), fault.message) for fault in faults] == [], where

    def _find(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        return next(
            (
                (name, operation)
                for its_method, pattern, name, operation in self._operations
                if its_method == method and pattern.fullmatch(path)
            ),
            None,
        )

    def _closed(self, schema: Any) -> Any:
        """Return a schema in which references are replaced by what they mean, and objects have no other fields."""
        if isinstance(schema, list):
            return [self._closed(part) for part in schema]
        if not isinstance(schema, dict):
            return schema
        if reference := schema.get("$ref"):
            return self._closed(self._schemas[reference.rpartition("/")[2]])
        closed = {name: self._closed(part) for name, part in schema.items()}
        return {"additionalProperties": False, **closed} if "properties" in closed else closed
