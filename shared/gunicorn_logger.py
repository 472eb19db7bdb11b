"""gunicorn's own log, in the form of the settings from its first line on."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from shared import logs
from shared.settings import CommonSettings


def logging_as(settings: CommonSettings) -> type[Logger]:
    """Return the `logger_class` that logs as `settings` say, without secrets: the server, and what it will fork.

    gunicorn says that it starts before it calls any hook.
    """

    class AsTheSettingsSay(Logger):  # type: ignore[misc]  # gunicorn has no types
        def setup(self, cfg: Any) -> None:
            super().setup(cfg)
            logs.configure(settings, settings.secrets())

    return AsTheSettingsSay
