"""What looks like a secret never gets into a line, whoever writes it."""

from __future__ import annotations

import io
import logging
import sys

import pytest
import structlog

from sender.settings import SenderSettings
from shared import logs

KNOWN = "of no shape at all"


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Where a process tells what happens, its logs as they usually are; put back after the test."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    logs.configure(SenderSettings.load(data=tmp_path, log_format="json"), ["", KNOWN])
    yield sys.stderr
    root.handlers = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("prefix", ["whsec_", "whsk_", "Bearer ", "basic ", "token="])
def test_secrets_are_known_by_their_shape(told, prefix):
    secret = "TfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    logging.getLogger("elsewhere").warning("cannot use %s", f"{prefix}{secret}")
    assert told.getvalue().count("[hidden]") == 1
    assert secret not in told.getvalue()


def test_secrets_of_the_settings_are_known_by_their_value_wherever_they_stand(told):
    structlog.get_logger("elsewhere").warning("odd " + KNOWN, where=[{"deep": (f"x{KNOWN}x",)}])
    error = ValueError(KNOWN)
    logging.getLogger("elsewhere").error("failed", exc_info=error)
    assert told.getvalue().count("[hidden]") == 3
    assert KNOWN not in told.getvalue()
