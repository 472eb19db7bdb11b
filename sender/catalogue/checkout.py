"""Ultimate Multisite 2: event types about the way through a checkout."""

from __future__ import annotations

from sender.catalogue.blocks import Customer, Membership, Payment
from sender.catalogue.definition import Block, Sometimes, field
from sender.catalogue.kinds import IpAddress, Number
from sender.catalogue.multisite import STORED_ONLY, multisite


class Visit(Block):
    """Who opened a checkout, and from where."""

    form_slug: str = field("default-checkout", "The checkout form.")
    user_id: Number = field(0, "The WordPress user; 0 for a visitor who is not signed in.")
    ip_address: IpAddress = field("203.0.113.24", "The visitor's address.")
    referrer: str = field("https://www.example.com/pricing", "The page that led here; may be empty.")


class Cart(Block):
    """What kind of order it is."""

    cart_type: str = field("new", "The kind of order, for example new.")


class Free(Block):
    """Whether it costs anything."""

    is_free: bool = field(False, "Whether there is nothing to pay.")


class Gateway(Block):
    """Who handled the money."""

    gateway: str = field("stripe", "The gateway that confirmed the order.")


class Failure(Block):
    """What went wrong in a checkout."""

    error_codes: list[str] = field(["email_exists"], "The codes of the errors.")
    error_messages: dict[str, str] = field(
        {"email_exists": "There is an account with this e-mail address."}, "What the visitor was told, by code."
    )
    user_id: Number = field(0, "The WordPress user; 0 for a visitor who is not signed in.")


class Form(Block):
    """Which checkout it was."""

    checkout_form: str = field("default-checkout", "The checkout form.")


CHECKOUT_STARTED = multisite(
    "checkout_started",
    "Checkout Started",
    "Someone looks at a checkout page: the top of the sales funnel.",
    f"A visitor opens a checkout page. {STORED_ONLY}",
    Visit,
)

CHECKOUT_STEP_COMPLETED = multisite(
    "checkout_step_completed",
    "Checkout Step Completed",
    "A visitor got one step further in a checkout. The membership exists by then but is pending.",
    f"A step of a checkout is sent and the order is put together. {STORED_ONLY}",
    Membership,
    Customer,
    Cart,
    Free,
    example={"membership_status": "pending", "customer_email_verification": "none"},
)

CHECKOUT_COMPLETED = multisite(
    "checkout_completed",
    "Checkout Completed",
    "A checkout came to its good end: the order is confirmed.",
    f"The gateway confirms the order, or there was nothing to pay. {STORED_ONLY}",
    Payment,
    Membership,
    Customer,
    Cart,
    Gateway,
    Free,
)

CHECKOUT_FAILED = multisite(
    "checkout_failed",
    "Checkout Failed",
    "A checkout was turned down. The codes tell a typing error from trouble with the gateway.",
    f"The order does not pass the checks, or the gateway refuses it. {STORED_ONLY}",
    Failure,
    Sometimes(Form),
)
