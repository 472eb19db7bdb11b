"""Answers of the JSON APIs."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel


def reply(model: BaseModel, status: int = 200, **headers: str) -> Response:
    """Return `model` as a JSON response; header names are given with `_` for `-`."""
    response = Response(model.model_dump_json(by_alias=True), status=status, content_type="application/json")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def nothing() -> Response:
    """Return 204 No Content."""
    return Response(status=204)
