# ruff: noqa: N999  # the name that gunicorn looks for
"""How gunicorn serves the receiver: `gunicorn -c receiver/gunicorn.conf.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gunicorn.http.message import Message

import receiver.app  # noqa: F401  # before the fork: what one process has imported, its workers need not
from receiver import wire
from receiver.services.context import Context
from receiver.settings import ReceiverSettings
from shared import descriptors
from shared.ending import leave_garbage
from shared.gunicorn_logger import logging_as
from shared.netguard.hosts import in_url

_settings = ReceiverSettings.load()

wsgi_app = "receiver.app:create_app()"
bind = f"{in_url(_settings.receiver_host)}:{_settings.receiver_port}"
proc_name = "hookloop-receiver"
logger_class = logging_as(_settings)
worker_class = "gthread"
workers = _settings.workers
threads = _settings.threads
worker_connections = descriptors.for_connections(1000 + threads, threads)
keepalive = 5
graceful_timeout = 3
control_socket_disable = True  # nobody uses it, and its file would be shared by all gunicorns of a user
if Path("/dev/shm").is_dir():  # noqa: S108  # a heartbeat file in memory: a slow disk must not look like a dead worker
    worker_tmp_dir = "/dev/shm"  # noqa: S108

# A bin takes what comes: any method, long targets and many headers, and no header means anything to the server.
http_parser = "python"  # the one that can be asked for the headers as they were on the wire
permit_unconventional_http_method = True
limit_request_line = 8190
limit_request_fields = 200
limit_request_field_size = 16380
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

if wire.keep_header_blocks(Message):
    pre_request = wire.hand_over


def post_worker_init(worker: Any) -> None:
    """Let the application see when its process is to stop: an open stream would hold it up."""
    if tools := _tools(worker):
        tools.stop_after(lambda: worker.alive)


def worker_exit(_server: object, worker: Any) -> None:
    """Store what was captured before the process ends, and have it end soon."""
    if tools := _tools(worker):
        tools.close()
    leave_garbage()


def on_exit(_server: object) -> None:
    """Have the server end soon too, after its workers."""
    leave_garbage()


def _tools(worker: Any) -> Context | None:
    found: Context | None = getattr(worker.app.callable, "extensions", {}).get("hookloop_receiver")
    return found
