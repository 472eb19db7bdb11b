from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sender import catalogue
from sender.catalogue import blocks, checkout, customers, definition, payments, sites, subsites, wp_ultimo_1
from sender.catalogue.definition import Block, Sometimes, define, field
from sender.core import matching, schemas

SIZES: dict[type[Block], int] = {
    blocks.Payment: 15,
    blocks.Membership: 12,
    blocks.Customer: 8,
    blocks.Site: 6,
    blocks.Domain: 9,
    blocks.Billing: 8,
}

# The event types in order, and what each payload is made of: fields of its own and shared blocks.
PAYMENT, MEMBERSHIP, CUSTOMER, SITE, DOMAIN, BILLING = SIZES.values()
FIELDS = {
    "payment_received": PAYMENT + MEMBERSHIP + CUSTOMER + 7,
    "site_published": SITE + CUSTOMER + MEMBERSHIP,
    "confirm_email_address": 1 + CUSTOMER,
    "domain_created": DOMAIN + SITE + MEMBERSHIP + CUSTOMER,
    "renewal_payment_created": 1 + PAYMENT + MEMBERSHIP + CUSTOMER,
    "invoice_sent": 2 + PAYMENT + CUSTOMER,
    "payment_failed": MEMBERSHIP + CUSTOMER + 1,
    "membership_expired": MEMBERSHIP + CUSTOMER,
    "demo_site_expiring": SITE + MEMBERSHIP + CUSTOMER + 2,
    "customer_created": CUSTOMER + BILLING,
    "customer_updated": CUSTOMER + BILLING,
    "membership_created": MEMBERSHIP + CUSTOMER + BILLING,
    "membership_updated": MEMBERSHIP + CUSTOMER + BILLING,
    "payment_created": PAYMENT + MEMBERSHIP + CUSTOMER + BILLING,
    "payment_updated": PAYMENT + MEMBERSHIP + CUSTOMER + BILLING,
    "checkout_started": 4,
    "checkout_step_completed": MEMBERSHIP + CUSTOMER + 2,
    "checkout_completed": PAYMENT + MEMBERSHIP + CUSTOMER + 3,
    "checkout_failed": 4,
    "subsite_post_created": 5 + SITE + MEMBERSHIP,
    "subsite_cpt_created": 5 + SITE + MEMBERSHIP,
    "subsite_user_registered": 4 + SITE + MEMBERSHIP,
    "subsite_woocommerce_order": 4 + SITE + MEMBERSHIP,
    "v1.account_created": 16,
    "v1.account_deleted": 4,
    "v1.new_domain_mapping": 5,
    "v1.payment_received": 5,
    "v1.payment_successful": 5,
    "v1.payment_failed": 5,
    "v1.refund_issued": 5,
    "v1.plan_change": 8,
}

MODULES = (blocks, checkout, customers, payments, sites, subsites, wp_ultimo_1)


def properties_of(block: type[Block]) -> dict[str, dict[str, object]]:
    """The JSON Schema of each field of a block, in order."""
    return definition._schema_of(block)["properties"]


ALL_BLOCKS = sorted(
    {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Block) and value is not Block
    },
    key=lambda block: f"{block.__module__}.{block.__name__}",
)

every_type = pytest.mark.parametrize("kind", catalogue.BUILT_IN.values(), ids=catalogue.BUILT_IN)


def test_the_catalogue_holds_both_generations_in_order() -> None:
    assert list(catalogue.BUILT_IN) == list(FIELDS)
    by_source = [kind.source for kind in catalogue.BUILT_IN.values()]
    assert by_source == ["ultimate-multisite-2"] * 23 + ["wp-ultimo-1"] * 8
    assert all(kind.slug == slug for slug, kind in catalogue.BUILT_IN.items())


def test_no_two_definitions_share_a_slug_so_none_hides_another() -> None:
    slugs = [kind.slug for kind in catalogue._IN_ORDER]
    assert len(slugs) == len(set(slugs)) == 31


@pytest.mark.parametrize(("block", "size"), SIZES.items(), ids=lambda value: getattr(value, "__name__", None))
def test_a_shared_block_has_its_fields(block: type[Block], size: int) -> None:
    assert len(properties_of(block)) == size


@pytest.mark.parametrize("block", ALL_BLOCKS, ids=lambda block: block.__name__)
def test_every_field_says_what_it_is_and_shows_a_value(block: type[Block]) -> None:
    for name, schema in properties_of(block).items():
        assert len(schema["description"]) > 10, name
        assert len(schema["examples"]) == 1, name


def test_one_field_name_has_one_description_over_the_shared_blocks() -> None:
    names = [name for block in SIZES for name in properties_of(block)]
    assert len(names) == len(set(names))


@every_type
def test_the_words_help(kind: catalogue.EventTypeDefinition) -> None:
    for text in (kind.description, kind.fires_when):
        assert text[0].isupper(), text
        assert text.endswith("."), text
        assert 15 < len(text) < 260, text
    assert kind.description != kind.fires_when
    assert matching.check_slug(kind.slug) is None


@every_type
def test_an_example_has_all_fields_of_its_parts(kind: catalogue.EventTypeDefinition) -> None:
    version = 0 if kind.slug.startswith("v1.") else 1
    assert len(kind.example) == FIELDS[kind.slug] + version
    assert list(kind.example) == list(kind.schema["properties"])
    assert ("wu_version" in kind.example) == bool(version)


@every_type
def test_an_example_fits_its_schema(kind: catalogue.EventTypeDefinition) -> None:
    assert schemas.validate(kind.example, kind.schema) == []


@every_type
def test_a_schema_is_valid_and_ours_accepts_it(kind: catalogue.EventTypeDefinition) -> None:
    Draft202012Validator.check_schema(kind.schema)
    assert kind.schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schemas.check_schema(kind.schema) == []
    assert json.loads(json.dumps(kind.schema)) == kind.schema


@every_type
def test_a_field_of_another_type_is_reported_at_that_field(kind: catalogue.EventTypeDefinition) -> None:
    for name in kind.example:
        found = schemas.validate({**kind.example, name: [{}]}, kind.schema)
        assert {problem.field.split("[")[0] for problem in found} == {name}


@every_type
def test_a_missing_field_is_reported_unless_it_is_optional(kind: catalogue.EventTypeDefinition) -> None:
    for name in kind.example:
        payload = {key: value for key, value in kind.example.items() if key != name}
        found = [problem.field for problem in schemas.validate(payload, kind.schema)]
        assert found == ([name] if name in kind.schema["required"] else [])


@pytest.mark.parametrize("slug", ["payment_received", "customer_created", "membership_updated", "checkout_failed"])
def test_what_a_real_send_may_lack_is_optional(slug: str) -> None:
    kind = catalogue.get(slug)
    optional = kind.example.keys() - kind.schema["required"]
    expected = {
        "payment_received": PAYMENT + 1,
        "customer_created": CUSTOMER + 1,
        "membership_updated": MEMBERSHIP + CUSTOMER + 1,
        "checkout_failed": 4,
    }
    assert len(kind.schema["required"]) == expected[slug]
    assert optional


@every_type
def test_the_values_of_an_example_agree_with_each_other(kind: catalogue.EventTypeDefinition) -> None:
    example = kind.example
    for name in [name for name in example if name + "_raw" in example]:
        assert example[name] == f"$ {example[name + '_raw']:.2f}", name
    if "payment_total_raw" in example:
        sum_ = example["payment_subtotal_raw"] + example["payment_tax_total_raw"]
        assert sum_ == pytest.approx(example["payment_total_raw"])
        assert example["payment_reference_code"] in example["payment_invoice_url"]
    if "domain_site_id" in example:
        assert example["domain_site_id"] == example["site_id"]
    for name in [name for name in example if name.endswith("_manage_url")]:
        assert example[name].endswith(f"&id={example[name.removesuffix('_manage_url') + '_id']}")
    if "payment_gateway" in example and "membership_gateway" in example:
        assert example["payment_gateway"] == example["membership_gateway"]


@every_type
def test_an_example_points_only_to_names_kept_for_documentation(kind: catalogue.EventTypeDefinition) -> None:
    text = json.dumps(kind.example)
    for part in text.split("://")[1:]:
        host = part.split("/")[0].split('"')[0]
        assert host == "example.com" or host.endswith(".example.com")


@pytest.mark.parametrize(
    ("slug", "name", "value"),
    [
        ("payment_received", "payment_status", "paid"),
        ("membership_created", "membership_status", "trial"),
        ("confirm_email_address", "customer_email_verification", "done"),
        ("domain_created", "domain_stage", "checking"),
        ("domain_created", "domain_active", True),
        ("payment_received", "payment_invoice_url", "network/invoice"),
        ("payment_received", "payment_date_created", "2026-02-12T06:08:41Z"),
        ("payment_received", "payment_currency", "dollars"),
        ("payment_received", "payment_id", 1.5),
        ("v1.refund_issued", "status", "failed"),
        ("checkout_started", "ip_address", "localhost"),
    ],
)
def test_a_value_that_a_field_cannot_have_is_reported_there(slug: str, name: str, value: Any) -> None:
    kind = catalogue.get(slug)
    found = schemas.validate({**kind.example, name: value}, kind.schema)
    assert [problem.field for problem in found] == [name]


@pytest.mark.parametrize(
    ("slug", "name", "values"),
    [
        (
            "payment_received",
            "payment_status",
            "pending completed refunded partially-refunded partially-paid failed cancelled draft",
        ),
        ("membership_created", "membership_status", "pending active trialing expired on-hold cancelled"),
        ("customer_created", "customer_email_verification", "none pending verified"),
        ("domain_created", "domain_stage", "failed ssl-failed checking-dns checking-ssl-cert done-without-ssl done"),
        ("domain_created", "domain_secure", "true false"),
        ("v1.payment_received", "status", "successful failed refund"),
    ],
)
def test_a_status_can_have_every_value_of_the_plugin(slug: str, name: str, values: str) -> None:
    assert catalogue.get(slug).schema["properties"][name]["enum"] == values.split()


@pytest.mark.parametrize("value", [None, "", "2026-03-12 06:08:41"])
def test_a_membership_may_never_end(value: str | None) -> None:
    kind = catalogue.get("membership_created")
    assert schemas.validate({**kind.example, "membership_date_expiration": value}, kind.schema) == []


def test_fields_that_no_one_knows_yet_are_fine() -> None:
    kind = catalogue.get("payment_received")
    assert schemas.validate({**kind.example, "payment_new_thing": 1}, kind.schema) == []


@pytest.mark.parametrize(
    ("slug", "name", "value"),
    [
        ("membership_expired", "membership_status", "expired"),
        ("confirm_email_address", "customer_email_verification", "pending"),
        ("renewal_payment_created", "payment_status", "pending"),
        ("renewal_payment_created", "membership_status", "on-hold"),
        ("subsite_cpt_created", "post_type", "product"),
        ("v1.payment_failed", "status", "failed"),
    ],
)
def test_an_example_and_its_schema_tell_of_this_event(slug: str, name: str, value: str) -> None:
    kind = catalogue.get(slug)
    assert kind.example[name] == value
    assert kind.schema["properties"][name]["examples"] == [value]


def test_get_raises_for_an_unknown_slug() -> None:
    with pytest.raises(KeyError):
        catalogue.get("payment_recieved")


class _One(Block):
    """A block for these tests."""

    one: int = field(1, "The first number.")


@pytest.mark.parametrize(
    ("parts", "example", "message"),
    [([_One], {"two": 2}, "has no field two"), ([_One, Sometimes(_One)], {}, "two parts have one")],
)
def test_a_definition_that_contradicts_itself_is_refused(
    parts: list[type[Block]], example: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        define("a", "A", "About a.", "When a.", source="custom", parts=parts, example=example)
