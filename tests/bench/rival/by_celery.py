"""Celery on Redis: early acknowledgement, no results kept, no events sent. `python by_celery.py` enqueues."""

from __future__ import annotations

import os

from celery import Celery
from posting import COUNT, post

app = Celery("by_celery", broker=os.environ["RIVAL_BROKER"])
app.conf.update(task_ignore_result=True, worker_disable_rate_limits=True, worker_prefetch_multiplier=32)


@app.task
def deliver(number: int) -> None:
    """Make the request of one event."""
    post(number)


if __name__ == "__main__":
    for number in range(COUNT):
        deliver.delay(number)
