"""The product as the README starts it, and a person who uses it."""

from __future__ import annotations

import pytest

from tests.browser.operator import Operator
from tests.run.product import make_run


@pytest.fixture
def product(tmp_path):
    with make_run(tmp_path) as product:
        product.wait_until_ready()
        yield product


@pytest.fixture
def operator(chromium):
    operator = Operator(chromium)
    yield operator
    operator.context.close()
    assert operator.complaints == []
