"""A webhook that was registered so long ago that it has missed whatever a test publishes in the past."""

from __future__ import annotations

import pytest

from tests.sender.replays.replaying import registered


@pytest.fixture
def hook(api, past):
    return registered(api, past, 100)
