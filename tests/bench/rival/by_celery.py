"""Celery as it comes, with Redis: early acknowledgement, no results kept. `python by_celery.py` enqueues."""

from __future__ import annotations

import os

from celery import Celery
from posting import COUNT, post

app = Celery("by_celery", broker=os.environ["RIVAL_BROKER"])


@app.task
def deliver(number: int) -> None:
    """Make the request of one event."""
    post(number)


if __name__ == "__main__":
    for number in range(COUNT):
        deliver.delay(number)
