from __future__ import annotations

import sqlite3
from contextlib import closing

import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from sender.models import Base, Replay, Webhook, db
from shared import migrations, moments
from shared.database import writing_connection
from tests.sender.past import Past


def test_the_migrations_make_the_tables_that_the_models_say(app):
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert migrations.is_current(db)


def test_the_constraints_and_partial_indexes_are_there_too(app):
    with app.app_context():
        found = sa.inspect(db.engine)
        checks = {one["name"] for one in found.get_check_constraints("deliveries")}
        assert checks == {"ck_deliveries_state", "ck_deliveries_finished_is_still", "ck_deliveries_leased"}
        partial = {
            one["name"]
            for one in found.get_indexes("deliveries")
            if any(name.endswith("_where") for name in one.get("dialect_options", {}))
        }
        names = (
            "due",
            "lane",
            "held",
            "state",
            "replay",
            "replay_state",
            "test",
            "webhook_gave_up",
            "event_type_gave_up",
        )
        assert partial == {f"ix_deliveries_{name}" for name in names}


def test_migrating_again_loses_nothing(app, api):
    hook = api.webhook("https://example.com/kept")
    migrations.upgrade(app, db)
    assert api("GET", f"/api/v1/webhooks/{hook['id']}")[1]["url"] == "https://example.com/kept"


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_migration_takes_its_turn_among_writers(app):
    """Else a worker of the release before that runs still, and writes between a look and a change, makes it fail."""
    with app.app_context():
        flask_migrate.downgrade(revision="0012")
        engine = db.engine
    said = []

    def write_between(_connection, _cursor, statement, *_):
        if statement.startswith("SELECT alembic_version"):
            with closing(sqlite3.connect(engine.url.database, timeout=0)) as other:
                try:
                    other.execute("UPDATE webhooks SET name = name").connection.commit()
                    said.append("written")
                except sqlite3.OperationalError as error:
                    said.append(str(error))

    sa.event.listen(engine, "after_cursor_execute", write_between)
    migrations.upgrade(app, db)
    assert said[-1] == "database is locked", "but for the look before, whether the version is known"


def test_webhooks_that_were_disabled_before_are_given_what_they_missed(app, api):
    hooks = [api.webhook("https://example.com/")["id"] for _ in range(3)]
    with app.app_context():
        flask_migrate.downgrade(revision="0004")
        past = Past(db.engine)
        disabled = past.ago(2)
        with writing_connection(db.engine) as connection:
            values = {"active": False, "disabled_reason": "Gone.", "updated_at": disabled}
            connection.execute(sa.update(Webhook).where(Webhook.id.in_(hooks[:2])).values(**values))
        for days, state, ended, reason in (
            (9, "failed", 8, "Gave up."),
            (4, "cancelled", 2.5, "The webhook was disabled."),  # and its settings were changed since
            (3, "failed", 1, "The endpoint answered 410 Gone."),
        ):
            past.delivery(past.event(days), hooks[0], state, days, finished_at=past.ago(ended), reason=reason)
    migrations.upgrade(app, db)
    found = [api("GET", f"/api/v1/webhooks/{hook}")[1]["missed_since"] for hook in hooks]
    assert found == [moments.rfc3339(past.ago(4)), moments.rfc3339(disabled), None]


def test_a_replay_that_runs_goes_on_after_migrating(app, api):
    hooks = [api.webhook("https://example.com/")["id"] for _ in range(2)]
    with app.app_context():
        past = Past(db.engine)
        past.event(0)
    body = {"since": past.ago(1).isoformat(), "state": "missing"}
    asked = [api("POST", "/api/v1/replays", body | one)[1]["id"] for one in ({}, {"webhook_id": hooks[0]})]
    with app.app_context():
        flask_migrate.downgrade(revision="0004")
    migrations.upgrade(app, db)
    with app.app_context(), db.engine.connect() as connection:
        found = dict(connection.execute(sa.select(Replay.id, Replay.webhook_ids)).all())
    assert found == {asked[0]: sorted(hooks), asked[1]: hooks[:1]}
