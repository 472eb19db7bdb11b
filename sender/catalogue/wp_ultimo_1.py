"""The event types of WP Ultimo 1, for endpoints that still speak its language.

Their slugs carry a `v1.` here, because two of them mean something else in version 2; the body format `form` sends
them without it, as the plugin did.
"""

from __future__ import annotations

from typing import Literal

from sender.catalogue.definition import Block, EventTypeDefinition, define, field
from sender.catalogue.kinds import EmailAddress, IpAddress, Moment, Number, Url

SOURCE = "wp-ultimo-1"
SITE_URL = "https://ceramics.network.example.com/"
WHEN = "2018-06-30 10:23:25"


class User(Block):
    """Whom it is about."""

    user_id: Number = field(12, "The number of the WordPress user.")


class UserSite(Block):
    """The user's site."""

    user_site_id: Number = field(42, "The number (blog id) of the user's site.")


class Account(Block):
    """What someone signed up for."""

    plan_id: Number = field(3, "The number of the plan.")
    trial_days: Number = field(10, "How long the trial lasts, in days.")
    billing_frequency: Number = field(12, "How many months each payment covers.")
    template_id: Number = field(5, "The number of the site that was copied to make theirs.")
    price: float = field(9.99, "The price of one period.")
    user_login: str = field("maya", "The name that the user signs in with.")
    user_firstname: str = field("Maya", "The user's first name.")
    user_lastname: str = field("Lindqvist", "The user's last name.")
    user_email: EmailAddress = field("maya@example.com", "The user's e-mail address.")
    user_site_url: Url = field(SITE_URL, "Where the user's site is.")
    plan_name: str = field("Medium", "The name of the plan.")
    created_at: Moment = field(WHEN, "When the account was made, without a time zone.")
    user_site_name: str = field("Lindqvist Ceramics", "The title of the user's site.")
    user_site_slug: str = field("ceramics", "The short name of the site within the network.")


class Goodbye(Block):
    """Who left, and when."""

    user_name: str = field("Maya Lindqvist", "The user's name.")
    user_email: EmailAddress = field("maya@example.com", "The user's e-mail address.")
    date: Moment = field(WHEN, "When the account was deleted, without a time zone.")


class Mapping(Block):
    """A domain name and where it leads."""

    mapped_domain: str = field("ceramics.example.com", "The domain name.")
    user_site_url: Url = field(SITE_URL, "Where the user's site is.")
    network_ip: IpAddress = field("203.0.113.10", "The address that the domain has to point to.")


class Money(Block):
    """An amount and who moved it."""

    amount: float = field(9.99, "The amount.")
    date: Moment = field(WHEN, "When it happened, without a time zone.")
    gateway: str = field("stripe", "What handles the money.")


class AnyStatus(Block):
    """What came of a payment."""

    status: Literal["successful", "failed", "refund"] = field("successful", "What came of it.")


class Successful(Block):
    """A payment that went well."""

    status: Literal["successful"] = field("successful", "What came of it.")


class Failed(Block):
    """A payment that did not go through."""

    status: Literal["failed"] = field("failed", "What came of it.")


class Refunded(Block):
    """A payment that was given back."""

    status: Literal["refund"] = field("refund", "What came of it.")


class Plans(Block):
    """The plan before and after."""

    old_plan_id: Number = field(3, "The number of the plan before.")
    new_plan_id: Number = field(4, "The number of the plan now.")
    new_price: float = field(19.99, "The price of one period now.")
    new_billing_frequency: Number = field(3, "How many months each payment covers now.")
    old_plan_name: str = field("Medium", "The name of the plan before.")
    new_plan_name: str = field("Large", "The name of the plan now.")
    date: Moment = field(WHEN, "When the plan changed, without a time zone.")


def _ultimo(slug: str, name: str, description: str, fires_when: str, *parts: type[Block]) -> EventTypeDefinition:
    return define(f"v1.{slug}", name, description, fires_when, source=SOURCE, parts=parts)


EVENT_TYPES = (
    _ultimo(
        "account_created",
        "Account Created",
        "Someone signed up: who it is, with which plan, and the site that was made for them.",
        "A sign-up is finished and the site exists.",
        User,
        UserSite,
        Account,
    ),
    _ultimo(
        "account_deleted",
        "Account Deleted",
        "A user is gone from the network.",
        "An account is deleted.",
        User,
        Goodbye,
    ),
    _ultimo(
        "new_domain_mapping",
        "New Domain Mapping Added",
        "A user's own domain name now leads to their site.",
        "A user maps a domain.",
        User,
        UserSite,
        Mapping,
    ),
    _ultimo(
        "payment_received",
        "Payment Received",
        "Anything about a payment: one event type for success, failure and refund, told apart by status.",
        "A gateway reports on a payment; together with the more exact event type.",
        User,
        Money,
        AnyStatus,
    ),
    _ultimo(
        "payment_successful",
        "Successful Payment",
        "A payment went well.",
        "A gateway reports that a payment went through.",
        User,
        Money,
        Successful,
    ),
    _ultimo(
        "payment_failed",
        "Failed Payment",
        "A payment did not go through.",
        "A gateway reports that it could not charge.",
        User,
        Money,
        Failed,
    ),
    _ultimo(
        "refund_issued",
        "Refund Issued",
        "Money went back to a user.",
        "A gateway reports a refund.",
        User,
        Money,
        Refunded,
    ),
    _ultimo(
        "plan_change",
        "Plan Change",
        "A user moved to a larger or smaller plan.",
        "A user changes plan, up or down.",
        User,
        Plans,
    ),
)
