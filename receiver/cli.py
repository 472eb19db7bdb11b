"""The receiver's command line: `python -m receiver.cli prepare | migrate`."""

from __future__ import annotations

from pathlib import Path

from receiver.models import db
from receiver.settings import ReceiverSettings
from shared import cli


def prepare() -> None:
    """Check the settings, the data folder and the port, and migrate."""
    settings = ReceiverSettings.load()
    settings.prepare_data_folder()
    cli.check_port(settings.receiver_host, settings.receiver_port, "RECEIVER_PORT")
    migrate()


def migrate() -> None:
    """Check the admin token and bring the receiver's database to the newest version."""
    settings = ReceiverSettings.load()
    settings.read_admin_token()
    cli.migrate(db, settings.url, "RECEIVER_DATABASE_URL", Path(__file__).parent / "migrations")


COMMANDS = {"prepare": prepare, "migrate": migrate}

if __name__ == "__main__":
    cli.main("receiver.cli", COMMANDS)
