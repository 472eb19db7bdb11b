"""The built-in event types as data: 23 of Ultimate Multisite 2 and 8 of WP Ultimo 1.

Add one by writing its fields once as a block, and its name and words in a `define`; example and schema follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sender.catalogue import checkout, customers, memberships, operational, payments, sites, subsites, wp_ultimo_1
from sender.catalogue.definition import EventTypeDefinition

__all__ = ["BUILT_IN", "OPERATIONAL", "EventTypeDefinition", "get"]

_IN_ORDER = (
    payments.PAYMENT_RECEIVED,
    sites.SITE_PUBLISHED,
    customers.CONFIRM_EMAIL_ADDRESS,
    sites.DOMAIN_CREATED,
    payments.RENEWAL_PAYMENT_CREATED,
    payments.INVOICE_SENT,
    payments.PAYMENT_FAILED,
    memberships.MEMBERSHIP_EXPIRED,
    sites.DEMO_SITE_EXPIRING,
    customers.CUSTOMER_CREATED,
    customers.CUSTOMER_UPDATED,
    memberships.MEMBERSHIP_CREATED,
    memberships.MEMBERSHIP_UPDATED,
    payments.PAYMENT_CREATED,
    payments.PAYMENT_UPDATED,
    checkout.CHECKOUT_STARTED,
    checkout.CHECKOUT_STEP_COMPLETED,
    checkout.CHECKOUT_COMPLETED,
    checkout.CHECKOUT_FAILED,
    subsites.SUBSITE_POST_CREATED,
    subsites.SUBSITE_CPT_CREATED,
    subsites.SUBSITE_USER_REGISTERED,
    subsites.SUBSITE_WOOCOMMERCE_ORDER,
    *wp_ultimo_1.EVENT_TYPES,
)

BUILT_IN: Mapping[str, EventTypeDefinition] = MappingProxyType({kind.slug: kind for kind in _IN_ORDER})
"""Every built-in event type by its slug, in the order in which people meet them."""

OPERATIONAL: Mapping[str, EventTypeDefinition] = MappingProxyType({kind.slug: kind for kind in operational.EVENT_TYPES})
"""Hookloop's own event types by slug, which only Hookloop publishes."""


def get(slug: str) -> EventTypeDefinition:
    """Return the event type of that slug, of the product's or of Hookloop's own; raise KeyError when there is none."""
    return BUILT_IN[slug] if slug in BUILT_IN else OPERATIONAL[slug]
