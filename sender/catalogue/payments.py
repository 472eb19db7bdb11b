"""Ultimate Multisite 2: event types about money."""

from __future__ import annotations

from sender.catalogue.blocks import NETWORK, Billing, Customer, Membership, Payment
from sender.catalogue.definition import Block, Sometimes, field
from sender.catalogue.kinds import Url
from sender.catalogue.multisite import multisite

PAY_URL = f"{NETWORK}/register/?payment=7KX4M2Q9ZT"
UNPAID = {"payment_status": "pending"}
BY_HAND = {"payment_gateway": "manual", "membership_gateway": "manual"}


class ReceivedNotice(Block):
    """What newer versions add to a received payment: what kind it is, and texts for the e-mails about it."""

    payment_is_paid: bool = field(True, "Whether money was paid.")
    payment_is_free_signup: bool = field(False, "Whether this is the sign-up to a free plan.")
    payment_is_trial: bool = field(False, "Whether this starts a trial.")
    payment_email_customer_subject: str = field("We got your payment", "Subject of the e-mail to the customer.")
    payment_email_customer_intro: str = field(
        "Thank you! Your payment of $ 31.32 has arrived.", "First lines of the e-mail to the customer."
    )
    payment_email_admin_subject: str = field("New payment: $ 31.32", "Subject of the e-mail to the network's admins.")
    payment_email_admin_intro: str = field(
        "Maya Lindqvist paid $ 31.32 for the Pro Plan.", "First lines of the e-mail to the network's admins."
    )


class DefaultPayment(Block):
    """Where a renewal is paid."""

    default_payment_url: Url = field(PAY_URL, "Where the customer pays; keep it private.")


class Invoice(Block):
    """What goes with an invoice."""

    payment_url: Url = field(PAY_URL, "Where the customer pays; keep it private.")
    invoice_message: str = field("Thank you for your order.", "What the admin wrote to the customer; may be empty.")


class FailedGateway(Block):
    """Who reported the failure."""

    payment_gateway: str = field("stripe", "The gateway that could not take the money.")


PAYMENT_RECEIVED = multisite(
    "payment_received",
    "Payment Received",
    "A payment went through a gateway. Look at payment_status before you hand anything over: it need not be completed.",
    "A gateway has processed a payment, whatever came of it.",
    Payment,
    Sometimes(Membership),
    Sometimes(Customer),
    Sometimes(ReceivedNotice),
)

RENEWAL_PAYMENT_CREATED = multisite(
    "renewal_payment_created",
    "New Renewal Payment Created",
    "The next payment of a membership is due and waits to be paid by hand. It comes with the link to pay it.",
    "The daily check makes the next pending payment of a membership that is paid by hand or whose trial has ended, "
    "and puts the membership on hold.",
    DefaultPayment,
    Payment,
    Membership,
    Customer,
    example={**UNPAID, **BY_HAND, "membership_status": "on-hold"},
)

INVOICE_SENT = multisite(
    "invoice_sent",
    "Invoice Sent",
    "An invoice is on its way to a customer. It comes with the message to the customer and the link to pay.",
    "An admin sends an invoice, or sends it once more.",
    Invoice,
    Payment,
    Customer,
    example={**UNPAID, "payment_gateway": "manual"},
)

PAYMENT_FAILED = multisite(
    "payment_failed",
    "Recurring Payment Failed",
    "A gateway could not charge for the renewal of a membership. The payload names no payment and no amount due.",
    "Stripe or PayPal reports that a recurring payment failed.",
    Membership,
    Customer,
    FailedGateway,
)

PAYMENT_CREATED = multisite(
    "payment_created",
    "Payment Created",
    "A new payment exists, in whatever state. The billing address is that of its membership.",
    "A payment is saved for the first time.",
    Payment,
    Membership,
    Customer,
    Billing,
    example={**UNPAID, "membership_status": "pending"},
)

PAYMENT_UPDATED = multisite(
    "payment_updated",
    "Payment Updated",
    "Something about a payment changed. The payload tells how it is now, not what changed.",
    "A payment that exists is saved again.",
    Payment,
    Membership,
    Customer,
    Billing,
)
