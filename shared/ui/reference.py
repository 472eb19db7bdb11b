"""An OpenAPI 3.1 document as a page shows it: groups of operations with their tables and a curl line. Pure."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.ui.format import status_word
from shared.ui.schema import Row, Schemas

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_PROBLEM = "application/problem+json"
_PLACES = {"path": "in the path", "query": "in the query", "header": "header", "cookie": "cookie"}


@dataclass(frozen=True, slots=True)
class Content:
    """A body: its media type, the rows of its schema and its type in words."""

    media_type: str
    kind: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response by status ("200", "4XX" or "default")."""

    status: str
    description: str
    content: Content | None


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    secured: bool
    parameters: tuple[tuple[str, Row], ...]
    body: Content | None
    body_required: bool
    answers: tuple[Answer, ...]
    curl: str

    @property
    def path_parts(self) -> list[tuple[str, bool]]:
        """The path cut so that a page can set its parameters apart: (text, is_parameter)."""
        return [(part, part.startswith("{")) for part in re.split(r"(\{[^}]+\})", self.path) if part]


@dataclass(frozen=True, slots=True)
class Group:
    """The operations under one tag."""

    name: str
    anchor: str
    description: str
    operations: tuple[Operation, ...]


def groups(document: dict[str, Any], base_url: str) -> list[Group]:
    """Return the operations of `document` by tag, in the order of the document; curl lines start at `base_url`."""
    described = {tag["name"]: tag.get("description") or "" for tag in document.get("tags") or ()}
    by_tag: dict[str, list[Operation]] = {name: [] for name in described}
    for tag, operation in _operations(document, base_url.rstrip("/")):
        by_tag.setdefault(tag, []).append(operation)
    return [Group(name, _slug(name), described.get(name, ""), tuple(found)) for name, found in by_tag.items() if found]


def _operations(document: dict[str, Any], base: str) -> Iterator[tuple[str, Operation]]:
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                spec = item[method]
                spec = {**spec, "parameters": [*item.get("parameters", ()), *(spec.get("parameters") or ())]}
                tag = (spec.get("tags") or ["Other"])[0]
                yield tag, _operation(Schemas(document), document, method, path, spec, base)


def _operation(
    schemas: Schemas, document: dict[str, Any], method: str, path: str, spec: dict[str, Any], base: str
) -> Operation:
    asked = spec.get("requestBody") or {}
    body = asked.get("content", {})
    secured = bool(spec.get("security", document.get("security")))
    parameters = [schemas.resolve(p) for p in spec["parameters"]]
    return Operation(
        anchor=_slug(f"{method} {path}"),
        method=method.upper(),
        path=path,
        summary=spec.get("summary") or spec.get("operationId") or f"{method.upper()} {path}",
        description=_text(spec.get("description")),
        secured=secured,
        parameters=tuple((_PLACES.get(str(p["in"]), ""), _parameter(schemas, p)) for p in parameters),
        body=_content(schemas, body),
        body_required=bool(asked.get("required")),
        answers=tuple(_answers(schemas, spec.get("responses") or {})),
        curl=_curl(schemas, method.upper(), base + path, body, secured=secured),
    )


def _parameter(schemas: Schemas, spec: dict[str, Any]) -> Row:
    schema = spec.get("schema") or {}
    return schemas.row(spec["name"], schema, required=bool(spec.get("required")), note=spec.get("description") or "")


def _content(schemas: Schemas, content: dict[str, Any]) -> Content | None:
    """The first media type is the one shown: our services offer one."""
    for media_type, part in content.items():
        schema = part.get("schema") or {}
        return Content(media_type, schemas.kind(schema), tuple(schemas.rows(schema)))
    return None


def _answers(schemas: Schemas, responses: dict[str, Any]) -> Iterator[Answer]:
    """Problem documents are all alike: only the one about bad input, which says most, comes with its rows."""
    for status, spec in sorted(responses.items(), key=lambda pair: str(pair[0])):
        plain = schemas.resolve(spec)
        content = plain.get("content") or {}
        shown = None if _PROBLEM in content and str(status) != "422" else _content(schemas, content)
        yield Answer(str(status), _said(str(status), plain.get("description")), shown)


def _said(status: str, description: str | None) -> str:
    """What a description adds to the name of its status, which the page shows anyway."""
    is_name = status.isdigit() and description == status_word(int(status))
    return "" if is_name else _text(description)


def _curl(schemas: Schemas, method: str, url: str, body: dict[str, Any], *, secured: bool) -> str:
    lines = [f"curl {'' if method == 'GET' else f'-X {method} '}{shlex.quote(url)}"]
    if secured:
        lines.append('-H "Authorization: Bearer $HOOKLOOP_ADMIN_TOKEN"')
    for media_type, part in list(body.items())[:1]:
        lines.append(f"-H {shlex.quote(f'Content-Type: {media_type}')}")
        if media_type.endswith("json"):
            example = part.get("example", schemas.example(part.get("schema") or {}))
            lines.append(f"-d {shlex.quote(json.dumps(example, ensure_ascii=False, indent=2))}")
    return " \\\n  ".join(lines)


def _text(description: str | None) -> str:
    """The description as it was written: flask-openapi3 turns a docstring's line breaks into tags."""
    return re.sub(r"<br\s*/?>", "\n", description or "").strip()


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
