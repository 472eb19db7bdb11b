"""Both services as applications on fresh databases, for what must hold for the one as for the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from receiver.app import create_app as create_receiver
from receiver.models import db as receiver_db
from receiver.settings import ReceiverSettings
from sender.app import create_app as create_sender
from sender.models import db as sender_db
from sender.settings import SenderSettings
from shared import migrations

TOKEN = "test-token-of-the-services"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
SERVICES = ("sender", "receiver")


@contextmanager
def application(name: str, folder: Path, **settings: Any) -> Iterator[Flask]:
    """Yield the sender or the receiver on an empty database in `folder`."""
    given = {"data": folder, "admin_token": TOKEN, **settings}
    if name == "sender":
        app, db = create_sender(SenderSettings.load(**given)), sender_db
    else:
        app, db = create_receiver(ReceiverSettings.load(**given)), receiver_db
    migrations.upgrade(app, db)
    yield app
    if name == "sender":
        app.extensions["hookloop_sender"].live.stop()
    else:
        app.extensions["hookloop_receiver"].close()
    with app.app_context():
        db.engine.dispose()


def sign_in(client: FlaskClient, **options: Any) -> TestResponse:
    """Sign in as the printed link does and return the answer."""
    return client.get(f"/sign-in?token={TOKEN}", **options)


def csrf_token(client: FlaskClient) -> str:
    """Return the token that a page of this browser carries for its forms."""
    page = client.get("/", follow_redirects=True).text
    (token, *_) = re.findall(r'name="csrf_token" value="([^"]+)"', page) or re.findall(
        r'<meta name="csrf-token" content="([^"]+)"', page
    )
    return token


def routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Yield endpoint, method and a path of every route, HEAD and OPTIONS included."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        values = {name: _example(converter) for name, converter in rule._converters.items()}
        for method in sorted(rule.methods or ()):
            path = adapter.build(rule.endpoint, values, method=method)
            assert adapter.match(path, method)[0] == rule.endpoint or method in ("HEAD", "OPTIONS")
            yield rule.endpoint, method, path


def _example(converter: Any) -> Any:
    """Return a value that the converter of a route's variable takes."""
    if items := getattr(converter, "items", None):
        return min(items)
    return 1 if type(converter).__name__ == "IntegerConverter" else "nothing-of-this-name"
