"""Databases and services for the receiver's tests, each of its own, on SQLite and on PostgreSQL."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, create_engine

from receiver.app import create_app
from receiver.models import Base, db
from receiver.services import finding
from receiver.settings import ReceiverSettings
from shared import database, migrations
from tests.databases import empty_database
from tests.receiver.factories import add_bin, bin_of, captures_of
from tests.receiver.gunicorn import Server, running
from tests.receiver.visitor import Visitor


@contextmanager
def opened(url):
    """Yield an engine of the receiver's kind."""
    engine = create_engine(url)
    database.prepare_engine(engine)
    finding.prepare(engine)
    yield engine
    engine.dispose()


@contextmanager
def serving(url, folder, **environment):
    """Yield a receiver on a migrated database, served by gunicorn."""
    app = create_app(ReceiverSettings.load(data=folder, database_url=url))
    migrations.upgrade(app, db)
    with app.app_context():
        db.engine.dispose()
    given = {"HOOKLOOP_ADMIN_TOKEN": "test-token", "RECEIVER_DATABASE_URL": url}
    with running(folder, **(given | environment)) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """The URL of an empty database."""
    with empty_database(request.param, request, tmp_path) as url:
        yield url


@pytest.fixture
def engine(database_url):
    """An engine whose database has the receiver's tables."""
    with opened(database_url) as engine:
        Base.metadata.create_all(engine)
        yield engine


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request, databases, tmp_path):
    """The receiver's application on a migrated database."""
    with databases.migrated(request.param, tmp_path, make_app, db) as url:
        app = make_app(url, tmp_path)
        yield app
        app.extensions["hookloop_receiver"].close()
        with app.app_context():
            db.engine.dispose()


def make_app(url, folder):
    """Return the receiver's application on a database."""
    settings = ReceiverSettings.load(
        data=folder,
        database_url=url,
        admin_token="test-token",
        receiver_public_url="http://bin.example",
        allowed_targets_text="127.0.0.1",
    )
    return create_app(settings)


@pytest.fixture
def api(app):
    """A client of the API: `api("POST", "/bins", {...})` returns the response."""
    client = app.test_client()

    def call(method, path, body=None, **options):
        headers = {"Authorization": "Bearer test-token", "Host": "bin.example", **options.pop("headers", {})}
        return client.open(f"/api/v1{path}", method=method, json=body, headers=headers, **options)

    return call


@pytest.fixture
def orders(api):
    """A bin."""
    return api("POST", "/bins", {"slug": "orders", "name": "Orders"}).json


@pytest.fixture
def visitor(app):
    return Visitor(app)


@pytest.fixture
def send(app):
    """Send a request to a bin: `send("orders/x", data=b"…")`."""
    client = app.test_client()
    return lambda below, method="POST", **options: client.open(f"/b/{below}", method=method, **options)


@dataclass(frozen=True)
class Served:
    """A running receiver with an empty bin `orders…` for one test."""

    server: Server
    engine: Engine
    slug: str

    def bin(self):
        return bin_of(self.engine, self.slug)

    def captures(self):
        return captures_of(self.engine, self.slug)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def receiver(request, tmp_path_factory):
    """A receiver that all tests of a module share, with an engine on its database."""
    folder = tmp_path_factory.mktemp("receiver")
    settings = getattr(request.module, "RECEIVER", {})
    with (
        empty_database(request.param, request, folder) as url,
        serving(url, folder, **settings) as server,
        opened(url) as engine,
    ):
        yield server, engine


@pytest.fixture
def served(receiver):
    """The module's receiver with a bin of this test's own."""
    server, engine = receiver
    slug = f"orders-{secrets.token_hex(4)}"
    add_bin(engine, slug)
    return Served(server, engine, slug)


@pytest.fixture
def own_server(database_url, tmp_path):
    """Start a receiver for one test alone: `with own_server(RECEIVER_THREADS="8") as served`."""

    @contextmanager
    def start(**environment):
        with serving(database_url, tmp_path, **environment) as server, opened(database_url) as engine:
            add_bin(engine)
            yield Served(server, engine, "orders")

    return start
