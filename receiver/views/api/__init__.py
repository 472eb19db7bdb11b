"""The receiver's JSON API, one file per resource."""

from __future__ import annotations

from flask_openapi3.openapi import OpenAPI

from receiver.views.api import bins, captures, stream


def install(app: OpenAPI) -> None:
    """Register every resource of the API."""
    for part in (bins, captures, stream):
        app.register_api(part.api)
