"""Ultimate Multisite 2: event types about sites and their domains."""

from __future__ import annotations

from sender.catalogue.blocks import Customer, Domain, Membership, Site
from sender.catalogue.definition import Block, field
from sender.catalogue.kinds import Moment
from sender.catalogue.multisite import multisite


class Demo(Block):
    """How long a demo site has left."""

    demo_expires_at: Moment = field("2026-02-12 08:08:41", "When the demo ends, without a time zone.")
    demo_time_remaining: str = field("1 hour", "How long that is from now, in words.")


SITE_PUBLISHED = multisite(
    "site_published",
    "Site Published",
    "A customer's site is open to visitors.",
    "A site that belongs to a membership is created, or goes from pending to live.",
    Site,
    Customer,
    Membership,
)

DOMAIN_CREATED = multisite(
    "domain_created",
    "New Domain Mapping Added",
    "A customer's own domain name now leads to a site. Its set-up may still be running: see domain_stage.",
    "A customer maps a domain to a site.",
    Domain,
    Site,
    Membership,
    Customer,
)

# Real sends of the plugin nest site, membership and customer; the example it publishes is flat, like all its others.
# The flat form is what its users build against, so it is the one given here.
DEMO_SITE_EXPIRING = multisite(
    "demo_site_expiring",
    "Demo Site Expiring",
    "A demo site is about to be removed: the last chance to offer a plan to its owner. The fields are flat here; "
    "some versions of the plugin nest them under site, membership and customer.",
    "A demo site comes close to its end; once for each site.",
    Site,
    Membership,
    Customer,
    Demo,
    example={
        "membership_initial_amount": "$ 0.00",
        "membership_initial_amount_raw": 0,
        "membership_amount": "$ 0.00",
        "membership_amount_raw": 0,
        "membership_description": "Free!",
        "membership_gateway": "free",
        "membership_date_expiration": None,
    },
)
