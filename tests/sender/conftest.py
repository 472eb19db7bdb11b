"""A sender on a fresh database, spoken to as programs do, with an endpoint and a worker of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask_openapi3.openapi import OpenAPI
from sqlalchemy import Engine

from sender.app import create_app
from sender.models import db
from sender.services import webhooks
from sender.services.context import Context
from sender.settings import SenderSettings
from sender.worker import Worker
from shared import clock, database
from tests.databases import Databases
from tests.sender.deliverer import Deliverer
from tests.sender.past import Past
from tests.sender.sink import Gate, Sink, listening
from tests.sender.visitor import TOKEN, Visitor
from tests.sender.working import working
from tests.serving import serving
from tests.shared.document import Document


@dataclass
class Api:
    """Calls the API with the admin token; returns status and parsed body, which are such as the document tells."""

    app: OpenAPI

    def __call__(self, method: str, path: str, json: Any = None, **headers: str) -> tuple[int, Any]:
        given = {"Authorization": f"Bearer {TOKEN}", **{name.replace("_", "-"): v for name, v in headers.items()}}
        answer = self.app.test_client().open(path, method=method, json=json, headers=given)
        Document.of(self.app, given).check(method, path, answer)
        return answer.status_code, answer.get_json(force=True) if answer.data else None

    def webhook(self, url: str, **fields: Any) -> dict[str, Any]:
        body = {"name": "Billing", "url": url, "event_types": ["payment_received"], **fields}
        status, webhook = self("POST", "/api/v1/webhooks", body)
        assert status == 201, webhook
        return webhook

    def publish(self, count: int = 1, kind: str = "payment_received") -> None:
        """Publish events one after another, numbered in their payloads."""
        for number in range(count):
            status, answer = self("POST", "/api/v1/events", {"type": kind, "payload": {"number": number}})
            assert status == 202, answer

    def finished(self, count: int) -> list[dict[str, Any]]:
        """The deliveries, newest first, when `count` of them are finished."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            _, page = self("GET", "/api/v1/deliveries?limit=200")
            done = [row for row in page["items"] if row["finished_at"]]
            if len(done) >= count:
                return done
            time.sleep(0.02)
        raise AssertionError(page)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with listening() as sink:
        yield sink


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, tmp_path: Path, databases: Databases, sink: Sink) -> Iterator[OpenAPI]:
    def make_app(url: str, folder: Path) -> OpenAPI:
        settings = SenderSettings(
            data=folder,
            database_url=url,
            admin_token=TOKEN,
            allowed_targets_text=f"127.0.0.1:{sink.port}",
            retry_schedule_text="0",
        )
        return create_app(settings)

    with databases.migrated(request.param, tmp_path, make_app, db) as url:
        app = make_app(url, tmp_path)
        yield app
        app.extensions["hookloop_sender"].live.stop()
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def api(app: OpenAPI) -> Api:
    return Api(app)


@pytest.fixture
def context(app: OpenAPI) -> Context:
    return app.extensions["hookloop_sender"]


@pytest.fixture
def engine(app: OpenAPI) -> Engine:
    with app.app_context():
        return db.engine


@pytest.fixture
def past(engine: Engine) -> Past:
    return Past(engine)


@pytest.fixture
def deliverer(engine: Engine, context: Context) -> Deliverer:
    return Deliverer(engine, context.vault)


@pytest.fixture
def one_time(deliverer: Deliverer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all of the service live at the deliverer's time."""
    monkeypatch.setattr(clock, "now", lambda: deliverer.now)


@pytest.fixture
def before_its_turn(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Have something happen just before the next change of a webhook begins to write."""

    def arrange(happens: Callable[[], object]) -> None:
        @contextmanager
        def writing(session: Any) -> Iterator[Any]:
            monkeypatch.setattr(webhooks, "writing", database.writing)
            happens()
            with database.writing(session) as begun:
                yield begun

        monkeypatch.setattr(webhooks, "writing", writing)

    return arrange


@pytest.fixture
def worker(engine: Engine, context: Context) -> Iterator[Worker]:
    with working(engine, context) as worker:
        yield worker


@pytest.fixture
def gate(sink: Sink) -> Iterator[Gate]:
    gate = Gate(sink)
    yield gate
    gate.open()


@pytest.fixture
def hook(api: Api, sink: Sink) -> dict[str, Any]:
    return api.webhook(sink.url())


@pytest.fixture
def site(app: OpenAPI, context: Context) -> Iterator[str]:
    """The address at which a browser finds the sender."""
    with serving(app, context.live.stop) as origin:
        yield origin


@pytest.fixture
def visitor(app: OpenAPI) -> Visitor:
    return Visitor(app)
