"""`/metrics` in the Prometheus text format: requests of this process, and what a service collects itself."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.registry import Collector

from shared import clock


def install(app: Flask, service: str, collectors: Sequence[Collector]) -> None:
    """Count and time every request of `app` and serve the figures at `/metrics`."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    for collector in collectors:
        registry.register(collector)
    requests = Counter(
        f"hookloop_{service}_http_requests",
        "Requests answered by this process.",
        ["method", "endpoint", "status"],
        registry=registry,
    )
    seconds = Histogram(f"hookloop_{service}_http_request_seconds", "Time to answer.", ["endpoint"], registry=registry)

    @app.before_request
    def start_timer() -> None:
        g.started = clock.monotonic()

    @app.after_request
    def count(response: Response) -> Response:
        endpoint = request.endpoint or "unknown"
        requests.labels(request.method, endpoint, response.status_code).inc()
        if "started" in g:
            seconds.labels(endpoint).observe(clock.monotonic() - g.started)
        return response

    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    app.add_url_rule("/metrics", "metrics", metrics)
