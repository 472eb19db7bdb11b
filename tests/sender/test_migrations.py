from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from sender.models import Base, db
from shared import migrations


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
        names = ("due", "lane", "held", "state", "replay", "webhook_gave_up", "event_type_gave_up")
        assert partial == {f"ix_deliveries_{name}" for name in names}


def test_migrating_again_loses_nothing(app, api):
    hook = api.webhook("https://example.com/kept")
    migrations.upgrade(app, db)
    assert api("GET", f"/api/v1/webhooks/{hook['id']}")[1]["url"] == "https://example.com/kept"
