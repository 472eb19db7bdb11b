"""What both services' command lines do alike: check, migrate, and end with one clear line on a bad setting."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from shared import database, migrations
from shared.settings import SettingsError


def main(program: str, commands: Mapping[str, Callable[[], None]]) -> None:
    """Run the command that the command line names; `--help` says what each does, by its docstring's first line."""
    words = sys.argv[1:]
    if words in (["-h"], ["--help"]):
        lines = (f"  {name:12} {(command.__doc__ or '').partition(chr(10))[0]}" for name, command in commands.items())
        print(f"usage: python -m {program} COMMAND", "", *lines, sep="\n")
    elif len(words) != 1 or words[0] not in commands:
        print(f"usage: python -m {program} {{{'|'.join(commands)}}}; --help says more", file=sys.stderr)
        sys.exit(2)
    else:
        run(commands[words[0]])


def run(command: Callable[[], None]) -> None:
    """Run `command`; on a bad setting print one line and exit with status 2, on Ctrl-C exit with 130."""
    try:
        command()
    except SettingsError as error:
        print(f"hookloop: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def run_until_told(work: Callable[[], None], stop: Callable[[], None]) -> None:
    """Run `work` on a thread of its own until it ends, which `stop` asks of it at SIGTERM or SIGINT.

    The signals are waited for, not handled: a handler runs amid what it interrupts, and waits for ever when it needs
    a lock that is held there.
    """
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # in the threads that are made from now on too
    main = threading.get_ident()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        working.add_done_callback(lambda _: signal.pthread_kill(main, signal.SIGTERM))
        signal.sigwait(signals)
        stop()
        working.result()


def check_port(host: str, port: int, variable: str) -> None:
    """Raise SettingsError when `port` of `host` can't be bound."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(f"{variable}: cannot listen on {host}:{port}: {error.strerror}") from None


def database_app(db: SQLAlchemy, url: str, variable: str, *, pool_size: int = 2) -> Flask:
    """Return an application that knows nothing but its database: what migrating and a worker need.

    It starts in half the time of the whole one. Raise SettingsError naming `variable` for a URL of no use.
    """
    app = Flask("hookloop")
    with _database_faults(variable):
        if make_url(url).get_backend_name() not in ("sqlite", "postgresql"):
            raise SettingsError(f"{variable}: must start with sqlite:/// or postgresql+psycopg://")
        database.connect(app, db, url, pool_size=pool_size)
    return app


def migrate(db: SQLAlchemy, url: str, variable: str, folder: Path, **needs: Any) -> None:
    """Bring the database at `url` to the newest version; raise SettingsError when it can't be reached or used.

    `needs` is what migrations find in the application's configuration.
    """
    app = database_app(db, url, variable)
    app.config.update(needs)
    migrations.install(app, db, folder)
    with _database_faults(variable):
        migrations.upgrade(app, db)


@contextmanager
def _database_faults(variable: str) -> Iterator[None]:
    """Turn what is wrong with a database into one line without its URL, which may hold a password."""
    try:
        yield
    except ArgumentError:
        raise SettingsError(f"{variable}: not a database URL") from None
    except ModuleNotFoundError as error:
        raise SettingsError(f"{variable}: the driver {error.name} is not installed") from None
    except DBAPIError as error:
        raise SettingsError(f"{variable}: {str(error.orig).strip().splitlines()[0]}") from None
    except migrations.UnknownVersion as error:
        raise SettingsError(f"{variable}: {error}") from None
    except OSError as error:
        raise SettingsError(f"{variable}: {error.filename}: {error.strerror}") from None
