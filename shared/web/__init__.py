"""The HTTP manners of both services: access, security headers, errors, health, metrics and API reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from flask_sqlalchemy import SQLAlchemy
from prometheus_client.registry import Collector
from werkzeug.middleware.proxy_fix import ProxyFix

from shared import __version__, logs, ui
from shared.settings import CommonSettings
from shared.web import access, health, metrics, nul, problems, reference, security
from shared.web.json import Provider


@dataclass(frozen=True)
class Service:
    """What the web layer must know about the service it dresses."""

    name: str  # "sender" or "receiver": in logs, metrics and the session cookie
    title: str  # in the page header
    url: str  # public base URL
    nav: Sequence[ui.NavItem]
    companion: ui.NavItem
    home: str  # endpoint to go to after sign-in
    description: str  # first paragraph of the API reference


def create(import_name: str, service: Service) -> OpenAPI:
    """Return the bare Flask application of a service, able to describe its own API (OpenAPI 3.1)."""
    app = OpenAPI(
        import_name,
        info=Info(title=f"Hookloop {service.title}", version=__version__, description=service.description),
        security_schemes={"token": {"type": "http", "scheme": "bearer"}},
        validation_error_model=problems.ProblemModel,
        validation_error_callback=problems.refuse_invalid,
        doc_ui=False,
    )
    app.json = Provider(app)
    return app


def install(
    app: OpenAPI,
    settings: CommonSettings,
    service: Service,
    *,
    db: SQLAlchemy,
    check_ready: Callable[[], None],
    collectors: Sequence[Collector] = (),
) -> None:
    """Wire access control, security headers, errors, logs, health and metrics into `app`."""
    app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
        app.wsgi_app,
        x_for=settings.trusted_proxy_count,
        x_proto=settings.trusted_proxy_count,
        x_host=settings.trusted_proxy_count,
    )
    logs.install(app, service.name)
    security.install(app, settings, service.url)
    ui.register(app, service=service.title, nav=service.nav)
    app.context_processor(lambda: {"companion": service.companion, "version": __version__})
    access.install(app, settings.read_admin_token(), home=service.home)
    problems.install(app)
    nul.install(app)  # after the above: an API body that is no JSON is told so first
    health.install(app, db, check_ready)
    metrics.install(app, service.name, collectors)
    reference.install(app)
