"""How the JSON APIs read what they are sent, and answer."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.json.provider import DefaultJSONProvider
from pydantic import BaseModel

from shared import json_text


class Provider(DefaultJSONProvider):
    """Reads JSON as `json_text` does, and writes it in the order of the contract and of payloads."""

    sort_keys = False
    ensure_ascii = False

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Return the value of JSON text; raise ValueError or RecursionError."""
        return json_text.load(s)


def reply(model: BaseModel, status: int = 200, **headers: str) -> Response:
    """Return `model` as a JSON response, its numbers as they were spelled; header names are given with `_` for `-`."""
    text = json_text.dump(model.model_dump(by_alias=True))
    response = Response(text, status=status, content_type="application/json")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def nothing() -> Response:
    """Return 204 No Content."""
    return Response(status=204)
