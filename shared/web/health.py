"""Health for orchestrators: `/healthz` says that the process is up, `/readyz` that it can do its work."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared import migrations
from shared.errors import Busy

blueprint = Blueprint("health", __name__)


def install(app: Flask, db: SQLAlchemy, check_ready: Callable[[], None]) -> None:
    """Register the two endpoints; `check_ready` raises Busy when the service itself can't work."""

    def check() -> None:
        try:
            db.session.execute(text("SELECT 1"))
            current = migrations.is_current(db)
        except SQLAlchemyError as error:
            raise Busy(f"The database cannot be reached ({type(error).__name__}).") from None
        finally:
            db.session.remove()
        if not current:
            raise Busy("The database is not migrated to this version.")
        check_ready()

    app.extensions["hookloop_ready"] = check
    app.register_blueprint(blueprint)


@blueprint.get("/healthz")
def live() -> dict[str, str]:
    """Say that the process is up and answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def ready() -> dict[str, str]:
    """Say that the database is reachable and migrated; 503 with the reason otherwise."""
    current_app.extensions["hookloop_ready"]()
    return {"status": "ready"}
