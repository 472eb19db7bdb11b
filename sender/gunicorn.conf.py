# ruff: noqa: N999  # the name that gunicorn looks for
"""How gunicorn serves the sender's pages and API: `gunicorn -c sender/gunicorn.conf.py`."""

from __future__ import annotations

from typing import Any

from sender.cli import check_web
from sender.settings import SenderSettings
from shared import cli, descriptors
from shared.ending import leave_garbage
from shared.gunicorn_logger import logging_as
from shared.netguard.hosts import in_url

_settings = SenderSettings.load()

wsgi_app = "sender.app:create_app()"
bind = f"{in_url(_settings.sender_host)}:{_settings.sender_port}"
proc_name = "hookloop-sender"
logger_class = logging_as(_settings)
worker_class = "gthread"
workers = 1
threads = _settings.web_threads
worker_connections = descriptors.for_connections(1000, threads)
graceful_timeout = 3
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """End open streams when the process is to stop: they would hold it up."""
    worker.app.callable.extensions["hookloop_sender"].live.stop_after(lambda: worker.alive)


def worker_exit(_server: object, _worker: Any) -> None:
    """Have the process end soon."""
    leave_garbage()


def on_starting(_server: object) -> None:
    """Refuse a wrong key."""
    cli.run(check_web)
