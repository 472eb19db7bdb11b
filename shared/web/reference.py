"""The API reference: `/openapi.json` for programs and `/docs` for people, from one source."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask_openapi3.openapi import OpenAPI


def install(app: OpenAPI) -> None:
    """Serve the OpenAPI document of `app` and a page made from it."""

    def openapi() -> dict[str, Any]:
        document: dict[str, Any] = app.api_doc
        return document

    def docs() -> str:
        return render_template("ui/docs.html", spec=app.api_doc)

    app.add_url_rule("/openapi.json", "reference.openapi", openapi)
    app.add_url_rule("/docs", "reference.docs", docs)
