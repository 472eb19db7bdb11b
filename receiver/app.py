"""The receiver's application: wiring only."""

from __future__ import annotations

from pathlib import Path

from flask_openapi3.openapi import OpenAPI
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from receiver.core.capture import OwnCredentials
from receiver.models import db
from receiver.services import context, finding, metrics
from receiver.settings import ReceiverSettings
from receiver.views import api, pages
from receiver.views.inbox import Inbox, Limits
from shared import database, migrations, web
from shared.ui import NavItem
from shared.web import access

NAV = (NavItem("Bins", "/bins"),)
MAX_FORM_BYTES = 4 * 1024 * 1024
POOL_SIZE = 16  # a capture holds no connection of its own, a stream none while it waits


def create_app(settings: ReceiverSettings | None = None) -> OpenAPI:
    """Return the receiver's WSGI application; without `settings` they come from the environment.

    Raise SettingsError when a setting or the data folder is unusable. The database must have been migrated.
    """
    settings = settings or ReceiverSettings.load()
    service = web.Service(
        name="receiver",
        title="Inspector",
        url=settings.receiver_url,
        nav=NAV,
        companion=NavItem("Sender", settings.sender_url),
        home="pages.bins",
        description="Make bins, see what arrives at them, and decide what they answer.",
    )
    app = web.create(__name__, service)
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES  # of pages and API; what bins take is the inbox's own limit
    database.connect(app, db, settings.url, pool_size=POOL_SIZE)
    migrations.install(app, db, Path(__file__).parent / "migrations")
    with app.app_context():
        finding.prepare(db.engine)
        tools = app.extensions["hookloop_receiver"] = context.open_context(settings, db.engine)
    token = settings.read_admin_token()
    own = OwnCredentials(frozenset({access.cookie_name(token)}), token)
    limits = Limits(settings.body_limit, settings.trusted_proxy_count, settings.threads // 2)
    inbox = Inbox(tools.intake, limits, own, tools.stopping)
    collectors = [inbox.answers, metrics.BinCollector(app, tools)]
    web.install(app, settings, service, db=db, check_ready=lambda: None, collectors=collectors)
    api.install(app)
    pages.install(app)
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/b": inbox})  # type: ignore[method-assign]
    return app
