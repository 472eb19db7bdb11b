"""A PostgreSQL that goes between the last query of a request and its end."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shared import database
from tests.databases import empty_database

_END_IT = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE pid = :pid"


@pytest.fixture
def client(request, tmp_path):
    """Give a client of an application whose connection is ended when the answer is made."""
    app, db = Flask("test"), SQLAlchemy()
    with empty_database("postgresql", request, tmp_path) as url:
        database.connect(app, db, url, pool_size=1)

        @app.get("/")
        def answer():
            pid = db.session.scalar(text("SELECT pg_backend_pid()"))
            with db.engine.connect() as other:
                other.execute(text(_END_IT), {"pid": pid})
            return str(pid)

        yield app.test_client()
        with app.app_context():
            db.engine.dispose()


def test_an_answer_that_is_made_is_given_and_the_next_request_has_another_connection(client):
    first, second = client.get("/"), client.get("/")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.text != second.text
