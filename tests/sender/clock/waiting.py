"""Steps of a clock, and how long what waits has still to wait."""

from __future__ import annotations

from datetime import timedelta

import pytest

HOUR = timedelta(hours=1)
YEARS = timedelta(days=3650)
STEPS = pytest.mark.parametrize("step", [HOUR, YEARS])


def scalar(engine, query):
    with engine.connect() as connection:
        return connection.scalar(query)


def seconds(moment, now):
    return (moment - now).total_seconds()
