"""A WSGI application for tests: answers with what it was told about the request, as JSON."""

from __future__ import annotations

import json

from receiver import wire
from receiver.core import capture


def app(environ, start_response):
    headers, fidelity = wire.headers(environ)
    told = {
        "method": environ["REQUEST_METHOD"],
        "target": capture.target_of_environ(environ),
        "headers": headers,
        "fidelity": fidelity,
        "scheme": environ["wsgi.url_scheme"],
        "body": environ["wsgi.input"].read().decode("latin-1"),
    }
    answer = json.dumps(told).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]
