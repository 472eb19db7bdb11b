"""Ultimate Multisite 2: event types about customers."""

from __future__ import annotations

from sender.catalogue.blocks import NETWORK, Billing, Customer
from sender.catalogue.definition import Block, field
from sender.catalogue.kinds import Url
from sender.catalogue.multisite import multisite


class Verification(Block):
    """How a customer proves an e-mail address."""

    verification_link: Url = field(
        f"{NETWORK}/?email-verification-key=3f9c1a7be2&customer=CM4PL8D1WE",
        "Whoever opens this link confirms the address: keep it private.",
    )


CONFIRM_EMAIL_ADDRESS = multisite(
    "confirm_email_address",
    "Email Verification Needed",
    "A customer has to confirm an e-mail address. The payload holds the link that does it.",
    "A customer whose address is not verified gets the verification e-mail, or asks for it once more.",
    Verification,
    Customer,
    example={"customer_email_verification": "pending"},
)

CUSTOMER_CREATED = multisite(
    "customer_created",
    "Customer Created",
    "Someone has become a customer of the network: the place to add them to a CRM or a mailing list.",
    "A customer is saved for the first time.",
    Customer,
    Billing,
    example={"customer_email_verification": "none"},
)

CUSTOMER_UPDATED = multisite(
    "customer_updated",
    "Customer Updated",
    "Something about a customer changed. Expect many of these: signing in counts as a change.",
    "A customer that exists is saved again; a login saves it too.",
    Customer,
    Billing,
)
