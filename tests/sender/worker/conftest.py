"""What tests of the worker share."""

from __future__ import annotations

import threading

import pytest


@pytest.fixture
def most_threads(monkeypatch):
    """Let only so many threads be made that send; those of a test's endpoints are as many as they like."""
    start = threading.Thread.start

    def most_threads(count):
        left = iter(range(count))

        def start_or_not(thread):
            if thread.name.startswith(("send-", "http-")) and next(left, None) is None:
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", start_or_not)

    return most_threads
