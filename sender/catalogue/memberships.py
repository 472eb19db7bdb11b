"""Ultimate Multisite 2: event types about memberships."""

from __future__ import annotations

from sender.catalogue.blocks import Billing, Customer, Membership
from sender.catalogue.multisite import multisite

MEMBERSHIP_EXPIRED = multisite(
    "membership_expired",
    "Membership Expired",
    "A membership has ended for good: close what it paid for.",
    "The daily check finds a membership that does not renew and is past its days of grace (three).",
    Membership,
    Customer,
    example={"membership_status": "expired"},
)

MEMBERSHIP_CREATED = multisite(
    "membership_created",
    "Membership Created",
    "A customer has subscribed to something; whether it is in force yet is told by membership_status.",
    "A membership is saved for the first time.",
    Membership,
    Customer,
    Billing,
    example={"membership_status": "pending"},
)

MEMBERSHIP_UPDATED = multisite(
    "membership_updated",
    "Membership Updated",
    "Something about a membership changed. The payload tells how it is now, not what changed.",
    "A membership that exists is saved again, whichever field is touched.",
    Membership,
    Customer,
    Billing,
)
