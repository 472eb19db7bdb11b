"""What presets send beside a signature: ids and names in the form that the vendors' receivers parse and ask for."""

from __future__ import annotations

import uuid
from datetime import datetime

import pytest

from tests.sender.secrets.test_signatures import sign, signable


def test_ids_have_the_form_that_the_vendors_receivers_parse_and_stay_the_same():
    _, first = sign("github", signable())
    _, retry = sign("github", signable(timestamp=1))
    assert first["x-github-event"] == "payment_received"
    assert uuid.UUID(first["x-github-delivery"]).version == 5
    assert int(first["x-github-hook-id"]) > 0
    assert first["x-github-delivery"] == retry["x-github-delivery"]
    _, other = sign("github", signable("evt_2"))
    assert first["x-github-delivery"] != other["x-github-delivery"]
    assert first["x-github-hook-id"] == other["x-github-hook-id"]


@pytest.mark.parametrize(("scheme", "header"), [("github", "x-github-delivery"), ("shopify", "x-shopify-webhook-id")])
def test_the_id_of_a_delivery_is_the_same_at_a_retry_and_another_for_another_webhook(scheme, header):
    """Receivers drop what they have seen by this id: a retry is that, what another webhook is sent is not."""
    found = [
        sign(scheme, what)[1][header]
        for what in (signable(), signable(timestamp=1), signable("evt_2"), signable(webhook_id="whk_2"))
    ]
    assert found[0] == found[1]
    assert len(set(found)) == 3


def test_shopifys_id_of_an_event_is_the_same_for_all_webhooks():
    found = {sign("shopify", what)[1]["x-shopify-event-id"] for what in (signable(), signable(webhook_id="whk_2"))}
    assert len(found) == 1


def test_shopify_says_topic_time_ids_and_the_shop():
    _, headers = sign("shopify", signable(), shop_domain="a.myshopify.com")
    assert headers["x-shopify-topic"] == "payment_received"
    assert headers["x-shopify-shop-domain"] == "a.myshopify.com"
    assert datetime.fromisoformat(headers["x-shopify-triggered-at"]) == signable().occurred_at
    assert uuid.UUID(headers["x-shopify-webhook-id"]) != uuid.UUID(headers["x-shopify-event-id"])
    assert headers["x-shopify-api-version"] == "unstable"
    assert "x-shopify-shop-domain" not in sign("shopify", signable())[1]


# What @shopify/shopify-api 15 asks for before it looks at the signature (`checkWebhooksHeaders`): without one of them
# it refuses a webhook with `missing_headers`.
ASKED_BY_SHOPIFY_API_JS = {
    "x-shopify-hmac-sha256",
    "x-shopify-topic",
    "x-shopify-shop-domain",
    "x-shopify-api-version",
    "x-shopify-webhook-id",
}


def test_shopifys_package_for_javascript_misses_no_header():
    _, headers = sign("shopify", signable(), shop_domain="a.myshopify.com", api_version="2026-10")
    assert {name for name in ASKED_BY_SHOPIFY_API_JS if headers.get(name)} == ASKED_BY_SHOPIFY_API_JS
    assert headers["x-shopify-api-version"] == "2026-10"
