"""The sender's application: wiring only."""

from __future__ import annotations

from pathlib import Path

from flask_openapi3.openapi import OpenAPI

from sender.models import db
from sender.services import context, metrics
from sender.settings import SenderSettings
from sender.views import api, pages
from shared import database, migrations, web
from shared.ui import NavItem

NAV = (
    NavItem("Webhooks", "/webhooks"),
    NavItem("Send an event", "/send"),
    NavItem("Deliveries", "/deliveries"),
    NavItem("Replays", "/replays"),
    NavItem("Event types", "/event-types"),
)


def create_app(settings: SenderSettings | None = None) -> OpenAPI:
    """Return the sender's WSGI application; without `settings` they come from the environment.

    Raise SettingsError when a setting or the data folder is unusable. The database must have been migrated.
    """
    settings = settings or SenderSettings.load()
    service = web.Service(
        name="sender",
        title="Sender",
        url=settings.sender_url,
        nav=NAV,
        companion=NavItem("Inspector", settings.receiver_url),
        home="pages.webhooks",
        description="Register webhooks, publish events, and see each delivery with its attempts.",
    )
    app = web.create(__name__, service)
    app.config["MAX_CONTENT_LENGTH"] = 2 * settings.max_payload + 65_536
    database.connect(app, db, settings.url, pool_size=settings.web_threads)
    migrations.install(app, db, Path(__file__).parent / "migrations")
    with app.app_context():
        tools = app.extensions["hookloop_sender"] = context.open_context(settings, db.engine)
    app.config["SENDER_VAULT"] = tools.vault  # for migrations
    web.install(app, settings, service, db=db, check_ready=lambda: None, collectors=[metrics.DeliveryCollector(app)])
    api.install(app)
    pages.install(app)
    return app
