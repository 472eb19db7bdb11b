"""The sender's command line: `python -m sender.cli prepare | migrate | worker | check`."""

from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import select

from sender.models import WORKER_SILENT_AFTER, Webhook, db
from sender.services.vault import Vault
from sender.settings import SenderSettings
from shared import cli, clock

_DATABASE = "SENDER_DATABASE_URL"


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
    """Check the secrets and bring the sender's database to the newest version."""
    settings = SenderSettings.load()
    settings.read_admin_token()
    vault = Vault(settings.read_encryption_key())
    cli.migrate(db, settings.url, _DATABASE, Path(__file__).parent / "migrations")
    with cli.database_app(db, settings.url, _DATABASE).app_context(), db.engine.connect() as connection:
        if locked := connection.scalar(select(Webhook.encrypted_secret).limit(1)):
            vault.unlock(locked)  # another key than before is better noticed now than at the first delivery


def worker() -> None:
    """Deliver until SIGTERM or SIGINT."""
    # Slow to import, and not needed to prepare:
    from sender.services.context import open_context  # noqa: PLC0415
    from sender.worker import Worker  # noqa: PLC0415
    from shared import logs  # noqa: PLC0415

    settings = SenderSettings.load()
    logs.configure(settings, settings.secrets())
    with cli.database_app(db, settings.url, _DATABASE).app_context():
        loop = Worker(db.engine, open_context(settings, db.engine))
        cli.run_until_told(lambda: loop.run(settings.shutdown_grace), loop.stop)


def check() -> None:
    """End with status 0 if a worker has given a sign of life lately, else with 1: a container's health check."""
    from sender.services import queries  # noqa: PLC0415  # not needed to prepare

    settings = SenderSettings.load()
    with cli.database_app(db, settings.url, _DATABASE).app_context():
        if not queries.has_worker(clock.now() - WORKER_SILENT_AFTER):
            sys.exit("no delivery worker runs")


COMMANDS = {"prepare": prepare, "migrate": migrate, "worker": worker, "check": check}

if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in COMMANDS:
        sys.exit(f"usage: python -m sender.cli {{{'|'.join(COMMANDS)}}}")
    cli.run(COMMANDS[name])
