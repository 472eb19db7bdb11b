"""A way to claim what is due."""

from __future__ import annotations

import pytest

from shared.database import writing_connection
from tests.sender.claiming.claims import take


@pytest.fixture
def claim(engine, context):
    """Claim what is due `later` seconds from now, in a transaction of its own."""

    def claim(limit=100, later=0.0):
        with writing_connection(engine) as connection:
            return take(connection, context.vault, limit, later)

    return claim
