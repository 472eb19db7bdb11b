"""The API reference: `/openapi.json` for programs and `/docs` for people, from one source."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from flask import render_template
from flask_openapi3.openapi import OpenAPI

from shared.web.problems import MEDIA_TYPE, ProblemModel


def install(app: OpenAPI) -> None:
    """Serve the OpenAPI document of `app` and a page made from it."""

    @cache
    def document() -> dict[str, Any]:
        return _with_refusals(app.api_doc)

    def docs() -> str:
        return render_template("ui/docs.html", spec=document())

    app.add_url_rule("/openapi.json", "reference.openapi", document)
    app.add_url_rule("/docs", "reference.docs", docs)


def refusal(words: str) -> dict[str, Any]:
    """Return how an operation documents an answer that is a problem document; `words` say when it is given."""
    schema = {"$ref": f"#/components/schemas/{ProblemModel.__name__}"}
    return {"description": words, "content": {MEDIA_TYPE: {"schema": schema}}}


def _with_refusals(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document whose operations tell, beside what they say themselves, how they refuse what all refuse."""
    paths = {
        path: {method: operation | {"responses": _responses(method, operation)} for method, operation in item.items()}
        for path, item in document["paths"].items()
    }
    return document | {"paths": paths}


def _responses(method: str, operation: dict[str, Any]) -> dict[str, Any]:
    # flask-openapi3 adds a 422 to every operation, as a list in plain JSON
    own = {
        status: it for status, it in operation["responses"].items() if status != "422" or MEDIA_TYPE in it["content"]
    }
    common = {status: refusal(words) for status, words in _refusals(method, operation)}
    return dict(sorted((common | own).items()))


def _refusals(method: str, operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    places = {parameter["in"] for parameter in operation.get("parameters", ())}
    yield "400", "The request could not be read."
    if operation.get("security"):
        yield "401", "The admin token is missing or wrong."
    if "path" in places:
        yield "404", "Nothing has the name that the path gives."
    if method in ("post", "put", "patch"):  # one that asks for no body refuses such ones all the same
        yield "413", "The body is larger than this service takes."
        yield "415", "The body is something else than JSON."
    if "requestBody" in operation or places - {"path"}:
        yield "422", "The input is wrong; `errors` names each field."
    yield "503", "The service cannot take this now; send it again after `Retry-After` seconds."
