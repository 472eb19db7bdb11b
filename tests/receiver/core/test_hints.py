from __future__ import annotations

import pytest

from receiver.core import hints


@pytest.mark.parametrize(
    ("headers", "event_type"),
    [
        ((), ""),
        ((("X-GitHub-Event", "push"),), "push"),
        ((("x-shopify-topic", "orders/create"), ("CE-Type", "com.example")), "orders/create"),
        ((("X-GitHub-Event", ""), ("ce-type", "com.example")), "com.example"),
        ((("ce-type", "first"), ("Ce-Type", "second")), "first"),
    ],
)
def test_the_event_type_is_read_from_the_senders_header(headers, event_type):
    assert hints.event_type(headers) == event_type


def test_the_media_type_has_no_parameters():
    assert hints.media_type((("content-TYPE", "Application/JSON; charset=utf-8"), ("Content-Type", "b/c"))) == (
        "application/json"
    )
    assert hints.media_type(()) == ""
