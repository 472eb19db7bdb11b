"""The sender's command line: `python -m sender.cli prepare | migrate | worker`."""

from __future__ import annotations

import signal
import sys

from sender.app import create_app
from sender.models import db
from sender.services.context import Context
from sender.settings import SenderSettings
from sender.worker import Worker
from shared import cli, logs, migrations


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
    """Bring the sender's database to the newest version."""
    settings = SenderSettings.load()
    migrations.upgrade(create_app(settings), db)


def worker() -> None:
    """Deliver until SIGTERM or SIGINT."""
    settings = SenderSettings.load()
    logs.configure(settings, [settings.read_admin_token()])
    app = create_app(settings)
    context: Context = app.extensions["hookloop_sender"]
    with app.app_context():
        loop = Worker(db.engine, context)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.stop())
        loop.run(settings.shutdown_grace)


COMMANDS = {"prepare": prepare, "migrate": migrate, "worker": worker}

if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in COMMANDS:
        sys.exit(f"usage: python -m sender.cli {{{'|'.join(COMMANDS)}}}")
    cli.run(COMMANDS[name])
