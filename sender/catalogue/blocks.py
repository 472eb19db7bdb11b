"""The field blocks that Ultimate Multisite 2 builds its payloads of, each written once.

Their example values tell one story, so that an example payload agrees with itself: Maya Lindqvist (customer 7) has the
Pro Plan (membership 31), has paid for it (payment 118) and runs the site Lindqvist Ceramics (site 42).
"""

from __future__ import annotations

from sender.catalogue.definition import Block, field
from sender.catalogue.kinds import (
    Currency,
    DomainStage,
    EmailAddress,
    EmailVerification,
    Flag,
    MaybeMoment,
    MembershipStatus,
    Moment,
    Number,
    PaymentStatus,
    Url,
)

NETWORK = "https://network.example.com"
ADMIN = f"{NETWORK}/wp-admin/network/admin.php?page=wp-ultimo-edit-"
SITE_URL = "https://ceramics.network.example.com/"
AVATAR = '<img alt="" src="https://network.example.com/avatars/7.png" class="avatar photo" height="40" width="40">'


class Payment(Block):
    """One payment."""

    payment_id: Number = field(118, "The payment's number in the network.")
    payment_status: PaymentStatus = field("completed", "How far the payment has come.")
    payment_reference_code: str = field("7KX4M2Q9ZT", "The code that names the payment on invoices and in links.")
    payment_subtotal: str = field("$ 29.00", "The amount before tax, formatted for people.")
    payment_subtotal_raw: float = field(29, "The amount before tax, as a number.")
    payment_tax_total: str = field("$ 2.32", "The tax, formatted for people.")
    payment_tax_total_raw: float = field(2.32, "The tax, as a number.")
    payment_total: str = field("$ 31.32", "What is to be paid, tax included, formatted for people.")
    payment_total_raw: float = field(31.32, "What is to be paid, tax included, as a number.")
    payment_currency: Currency = field("USD", "The currency of all amounts, as an ISO 4217 code.")
    payment_product_names: str = field("Pro Plan", "The products paid for, separated by commas.")
    payment_date_created: Moment = field("2026-02-12 06:08:41", "When the payment was made, without a time zone.")
    payment_gateway: str = field("stripe", "What handles the money: stripe, stripe-checkout, paypal, manual, free …")
    payment_invoice_url: Url = field(f"{NETWORK}/?action=invoice&reference=7KX4M2Q9ZT", "Where the invoice is shown.")
    payment_manage_url: Url = field(f"{ADMIN}payment&id=118", "The payment's page in the network's admin area.")


class Membership(Block):
    """What a customer has subscribed to."""

    membership_id: Number = field(31, "The membership's number in the network.")
    membership_status: MembershipStatus = field("active", "Whether the membership is in force.")
    membership_reference_code: str = field("R5T8W3NB6H", "The code that names the membership in links.")
    membership_initial_amount: str = field("$ 29.00", "The price of the first period, formatted for people.")
    membership_initial_amount_raw: float = field(29, "The price of the first period, as a number.")
    membership_amount: str = field("$ 29.00", "The price of each later period, formatted for people.")
    membership_amount_raw: float = field(29, "The price of each later period, as a number.")
    membership_currency: Currency = field("USD", "The currency of the prices, as an ISO 4217 code.")
    membership_description: str = field("$ 29.00 every month", "The price and its period in words.")
    membership_gateway: str = field("stripe", "What handles the money: stripe, stripe-checkout, paypal, manual, free …")
    membership_date_expiration: MaybeMoment = field(
        "2026-03-12 06:08:41", "Until when the membership lasts, without a time zone; empty or null if it never ends."
    )
    membership_manage_url: Url = field(f"{ADMIN}membership&id=31", "The membership's page in the admin area.")


class Customer(Block):
    """Who pays and owns sites."""

    customer_id: Number = field(7, "The customer's number in the network.")
    customer_name: str = field("Maya Lindqvist", "The customer's name as shown.")
    customer_user_id: Number = field(12, "The number of the WordPress user behind the customer.")
    customer_user_email: EmailAddress = field("maya@example.com", "The e-mail address of that user.")
    customer_email_verification: EmailVerification = field("verified", "Whether the address is known to be theirs.")
    customer_avatar: str = field(AVATAR, "The customer's picture: an HTML img element, not a URL.")
    customer_billing_address: str = field(
        "Lindqvist Ceramics\n12 Harbour Street\nPortland\nOR\n97201\nUS", "The billing address, one part a line."
    )
    customer_manage_url: Url = field(f"{ADMIN}customer&id=7", "The customer's page in the network's admin area.")


class Site(Block):
    """A site of the network."""

    site_id: Number = field(42, "The site's number (blog id) in the network.")
    site_title: str = field("Lindqvist Ceramics", "The site's title.")
    site_description: str = field("Stoneware made by hand", "The site's tagline; may be empty.")
    site_url: Url = field(SITE_URL, "Where the site is.")
    site_admin_url: Url = field(f"{SITE_URL}wp-admin/", "The site's own admin area.")
    site_manage_url: Url = field(f"{ADMIN}site&id=42", "The site's page in the network's admin area.")


class Domain(Block):
    """A domain name mapped to a site. Its three switches are text, not booleans."""

    domain_id: Number = field(9, "The mapping's number in the network.")
    domain_domain: str = field("ceramics.example.com", "The domain name.")
    domain_site_id: Number = field(42, "The number of the site that it leads to.")
    domain_stage: DomainStage = field("checking-dns", "How far the set-up of the domain has come.")
    domain_active: Flag = field("true", "Whether the domain is in use.")
    domain_primary: Flag = field("true", "Whether it is the site's main domain.")
    domain_secure: Flag = field("false", "Whether it is served over HTTPS.")
    domain_date_created: Moment = field("2026-02-12 06:20:05", "When the domain was mapped, without a time zone.")
    domain_manage_url: Url = field(f"{ADMIN}domain&id=9", "The mapping's page in the network's admin area.")


class Billing(Block):
    """The billing address in parts. A payload carries only those that are filled in."""

    company_name: str = field("Lindqvist Ceramics", "The company.", required=False)
    billing_email: str = field("accounts@example.com", "Where invoices go.", required=False)
    billing_address_line_1: str = field("12 Harbour Street", "Street and number.", required=False)
    billing_address_line_2: str = field("Unit 4", "The rest of the street address.", required=False)
    billing_country: str = field("US", "The country, as a two-letter code.", required=False)
    billing_state: str = field("OR", "The state or province.", required=False)
    billing_city: str = field("Portland", "The city or town.", required=False)
    billing_zip_code: str = field("97201", "The postal code.", required=False)


class Version(Block):
    """What every payload of Ultimate Multisite ends with."""

    wu_version: str = field("2.16.0", "The version of the plugin that made the payload.")
