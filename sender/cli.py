"""The sender's command line: `python -m sender.cli prepare | migrate | worker | check | new-secrets`."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from sender.models import WORKER_SILENT_AFTER, db
from sender.services.vault import Unreadable, Vault, WrongKey, unreadable
from sender.settings import SenderSettings
from shared import cli, clock

_DATABASE = "SENDER_DATABASE_URL"
_NEW_OBJECTS = 50_000  # that call for a collection; a turn makes some thousands, which nobody holds after it


def prepare() -> None:
    """Check the settings, the data folder and the port, migrate, and print where to go."""
    settings = SenderSettings.load()
    settings.prepare_data_folder()
    cli.check_port(settings.sender_host, settings.sender_port, "SENDER_PORT")
    migrate()
    print(f"  Sender     {settings.sender_url}")
    print(f"  Inspector  {settings.receiver_url}")
    print(f"  Sign in    {settings.sender_url}/sign-in?token={settings.read_admin_token()}", flush=True)


def migrate() -> None:
    """Bring the sender's database to the newest version, and check that the key fits the secrets in it.

    Another key than before is better noticed now than at the first delivery. But when it fits some secrets it is the
    right one, and the others are mended one by one.
    """
    settings = SenderSettings.load()
    settings.read_admin_token()
    vault = _migrate(settings)
    with cli.database_app(db, settings.url, _DATABASE).app_context():
        found = _fitting(vault)
    _tell("secrets of another encryption key, to be rotated", found.secrets)
    _tell("headers of another encryption key, to be set anew", found.headers)


def new_secrets() -> None:
    """Give each webhook whose secret cannot be read a fresh one, because the key is lost, and print their ids.

    Nothing is sent to those whose own headers cannot be read before these are set anew, or dropped: they are named.
    """
    from sender.services import secrets  # noqa: PLC0415
    from sender.services.context import open_context  # noqa: PLC0415
    from shared import logs  # noqa: PLC0415

    settings = SenderSettings.load()
    logs.configure(settings, settings.secrets())
    _migrate(settings, SENDER_KEY_IS_LOST=True)
    with cli.database_app(db, settings.url, _DATABASE).app_context():
        context = open_context(settings, db.engine)
        with db.engine.connect() as connection:
            found = unreadable(connection, context.vault)
        for webhook_id in found.secrets:
            secrets.rotate(context, webhook_id, None)
            print(webhook_id)
    _tell("headers of another encryption key, to be set anew", found.headers)


def worker() -> None:
    """Deliver until SIGTERM or SIGINT."""
    # Slow to import, and not needed to prepare:
    from sender.services.context import open_context  # noqa: PLC0415
    from sender.worker import Worker  # noqa: PLC0415
    from shared import logs  # noqa: PLC0415

    settings = SenderSettings.load()
    logs.configure(settings, settings.secrets())
    with cli.database_app(db, settings.url, _DATABASE).app_context():
        _check_key(settings)
        loop = Worker(db.engine, open_context(settings, db.engine))
        _collect_less_often()
        cli.run_until_told(lambda: loop.run(settings.shutdown_grace), loop.stop)


def _collect_less_often() -> None:
    """Have the garbage collector leave alone what is loaded by now, and look at the rest when there is much of it.

    A delivery leaves no cycles behind: to look for them took an eighth of a turn's CPU at the database.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)


def check() -> None:
    """End with status 0 if a worker has given a sign of life lately, else with 1: a container's health check."""
    from sender.services import workers  # noqa: PLC0415  # not needed to prepare

    settings = SenderSettings.load()
    with cli.database_app(db, settings.url, _DATABASE).app_context():
        if not workers.any_since(clock.now() - WORKER_SILENT_AFTER):
            sys.exit("no delivery worker runs")


def check_web() -> None:
    """Check the key before the web process begins: not a command, but called by gunicorn."""
    settings = SenderSettings.load()
    with cli.database_app(db, settings.url, _DATABASE).app_context():
        _check_key(settings)


def _check_key(settings: SenderSettings) -> None:
    """Raise WrongKey for another key than before: a process with one of its own would fail what others deliver.

    A database that cannot be asked now is none of this: the process waits for it later.
    """
    with contextlib.suppress(DBAPIError):
        _fitting(Vault(settings.read_encryption_key()))
    db.engine.dispose()


def _fitting(vault: Vault) -> Unreadable:
    """Return what the key of `vault` does not fit; raise WrongKey when it fits nothing."""
    with db.engine.connect() as connection:
        found = unreadable(connection, vault)
    if found.secrets and not found.fits:
        raise WrongKey
    return found


def _migrate(settings: SenderSettings, **needs: Any) -> Vault:
    """Bring the database to the newest version, and return the vault that this may need."""
    vault = Vault(settings.read_encryption_key())
    cli.migrate(db, settings.url, _DATABASE, Path(__file__).parent / "migrations", SENDER_VAULT=vault, **needs)
    return vault


def _tell(what: str, webhook_ids: Sequence[str]) -> None:
    if webhook_ids:
        print(f"hookloop: {what}: {', '.join(webhook_ids)}", file=sys.stderr)


COMMANDS = {"prepare": prepare, "migrate": migrate, "worker": worker, "check": check, "new-secrets": new_secrets}

if __name__ == "__main__":
    cli.main("sender.cli", COMMANDS)
