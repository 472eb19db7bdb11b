"""Ultimate Multisite 2: event types about what happens inside a customer's site."""

from __future__ import annotations

from sender.catalogue.blocks import Membership, Site
from sender.catalogue.definition import Block, field
from sender.catalogue.kinds import EmailAddress, Number
from sender.catalogue.multisite import STORED_ONLY, multisite


class Post(Block):
    """A piece of content."""

    post_id: Number = field(58, "The post's number within the site.")
    post_title: str = field("Opening the kiln", "The title of the post.")
    post_type: str = field("post", "The kind of content: post, page, or a custom type.")
    post_status: str = field("publish", "The state of the post.")
    post_author_id: Number = field(12, "The number of the WordPress user who wrote it.")


class NewUser(Block):
    """A user added to a site."""

    new_user_id: Number = field(93, "The number of the WordPress user.")
    new_user_login: str = field("jonas", "The name that the user signs in with.")
    new_user_email: EmailAddress = field("jonas@example.com", "The user's e-mail address.")
    new_user_role: str = field("subscriber", "What the user may do on the site.")


class Order(Block):
    """An order in a site's shop."""

    order_id: Number = field(204, "The order's number within the shop.")
    order_total: str = field("99.00", "The amount of the order, as text without a currency.")
    order_status: str = field("processing", "How far the order has come.")
    order_items: Number = field(2, "How many items were ordered.")


SUBSITE_POST_CREATED = multisite(
    "subsite_post_created",
    "Subsite Post Created",
    "Something new can be read on a customer's site.",
    f"A post or a page of a customer's site is published for the first time. {STORED_ONLY}",
    Post,
    Site,
    Membership,
)

SUBSITE_CPT_CREATED = multisite(
    "subsite_cpt_created",
    "Subsite Custom Post Type Entry Created",
    "A customer's site has a new entry of a kind other than post or page, such as a product.",
    f"An entry of a custom post type is published for the first time. {STORED_ONLY}",
    Post,
    Site,
    Membership,
    example={"post_title": "Tea bowl, ash glaze", "post_type": "product"},
)

SUBSITE_USER_REGISTERED = multisite(
    "subsite_user_registered",
    "Subsite User Registered",
    "A customer's site has a new user of its own.",
    f"A user is added to a customer's site. {STORED_ONLY}",
    NewUser,
    Site,
    Membership,
)

SUBSITE_WOOCOMMERCE_ORDER = multisite(
    "subsite_woocommerce_order",
    "Subsite WooCommerce Order Placed",
    "A customer's shop has sold something.",
    f"An order is made in the WooCommerce shop of a customer's site. {STORED_ONLY}",
    Order,
    Site,
    Membership,
)
