from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from receiver.models import Base, db
from shared import migrations


def test_the_migrations_make_the_tables_that_the_models_say(app):
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert migrations.is_current(db)


def test_the_constraints_are_there_too(app):
    with app.app_context():
        found = sa.inspect(db.engine)
        assert {one["name"] for one in found.get_check_constraints("bins")} == {
            "ck_bins_counts",
            "ck_bins_max_requests",
        }
        (key,) = found.get_foreign_keys("captures")
        assert key["options"]["ondelete"] == "CASCADE"


def test_migrating_again_changes_nothing_and_loses_nothing(app, api, send):
    api("POST", "/bins", {"slug": "orders"})
    send("orders", data=b"kept")
    migrations.upgrade(app, db)
    assert api("GET", "/bins/orders/requests").json["items"][0]["body_size"] == 4
