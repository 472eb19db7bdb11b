from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.core import matching
from tests.sender.catalogue.generated import PATIENT

KNOWN = ["payment_received", "payment_failed", "customer_created", "v1.account_created", "v1.payment_received"]


@pytest.mark.parametrize(
    ("patterns", "slug", "expected"),
    [
        (["*"], "anything.at-all", True),
        (["*"], "", True),
        ([], "payment_received", False),
        (["payment_received"], "payment_received", True),
        (["payment_received"], "v1.payment_received", False),
        (["payment_received"], "payment_received_twice", False),
        (["payment_*"], "payment_received", True),
        (["payment_*"], "payment_", True),
        (["payment_*"], "payment.received", False),
        (["payment_*"], "renewal_payment_created", False),
        (["payment.*"], "payment.received", True),
        (["payment.*"], "payment_received", False),
        (["v1.*"], "v1.refund_issued", True),
        (["*_created"], "customer_created", True),
        (["*_created"], "created", False),
        (["a*b*c"], "a-b-c", True),
        (["a*b*c"], "a-c-b", False),
        (["ab*ba"], "aba", False),
        (["a*b*b*c"], "a-b-c", False),
        (["*ab*ba*"], "aba", False),
        (["ab*b*c"], "ab-c", False),
        (["a*c*c"], "a-c", False),
        (["Payment_*"], "payment_received", False),
        (["payment_?eceived"], "payment_received", False),
        (["payment_[a-z]*"], "payment_received", False),
        (["order.paid", "payment_*"], "payment_failed", True),
    ],
)
def test_matches(patterns: list[str], slug: str, expected: bool) -> None:
    assert matching.matches(patterns, slug) is expected


@PATIENT
@given(st.text("ab.*", max_size=8), st.text("ab.", max_size=12))
def test_a_star_means_what_it_means_in_a_shell(pattern: str, slug: str) -> None:
    assert matching.matches([pattern], slug) == fnmatch.fnmatchcase(slug, pattern)


@PATIENT
@given(st.text("abc*", max_size=40).map(lambda text: text + "*" * 20 + "x"))
def test_many_stars_cost_nothing(pattern: str) -> None:
    assert not matching.matches([pattern], "abc" * 200)


@pytest.mark.parametrize(
    "pattern", ["payment_received", "v1.payment_received", "*", "payment_*", "v1.*", "shop.*.paid"]
)
def test_good_patterns(pattern: str) -> None:
    assert matching.check_pattern(pattern, KNOWN) is None


@pytest.mark.parametrize(
    ("pattern", "near"),
    [
        ("payment_recieved", "payment_received"),
        ("payment.received", "payment_received"),
        ("Payment_Received", "payment_received"),
        ("payment received", "payment_received"),
        ("account_created", "v1.account_created"),
        ("customer_create", "customer_created"),
    ],
)
def test_an_unknown_event_type_is_refused_with_the_nearest(pattern: str, near: str) -> None:
    expected = f"There is no event type {pattern}. Did you mean {near}?"
    assert matching.check_pattern(pattern, KNOWN) == expected


def test_the_characters_between_words_do_not_make_a_slug_far() -> None:
    assert matching.nearest("A.B.C.D", ["a-b-c-d"]) == "a-b-c-d"


def test_nothing_near_is_offered_when_nothing_is_near() -> None:
    assert matching.check_pattern("xyzzy", KNOWN) == "There is no event type xyzzy."
    assert matching.nearest("payment_received", []) is None


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("payment_**", "two * in a row"),
        ("Payment_*", "lower-case"),
        ("payment *", "lower-case"),
        ("payment/*", "lower-case"),
        ("payment..*", "cannot match"),
        ("*_", "cannot match"),
        (".*", "cannot match"),
        ("*" + "a" * 100, "at most 100"),
        ("a" * 101, "at most 100"),
    ],
)
def test_malformed_patterns(pattern: str, words: str) -> None:
    message = matching.check_pattern(pattern, KNOWN)
    assert message is not None
    assert words in message


@pytest.mark.parametrize("slug", ["a", "order.paid", "order.paid-late", "order_2.paid", "9", "a" * 100])
def test_good_slugs(slug: str) -> None:
    assert matching.check_slug(slug) is None


@pytest.mark.parametrize(
    "slug", ["", "Order", "order..paid", ".order", "order.", "order paid", "order*", "örder", "a" * 101, "order\n"]
)
def test_bad_slugs(slug: str) -> None:
    assert matching.check_slug(slug)


@PATIENT
@given(st.from_regex(r"\A[a-z0-9]+([._-][a-z0-9]+)*\Z").filter(lambda slug: 2 <= len(slug) <= 90))
def test_every_slug_can_be_asked_for_by_itself_and_by_a_glob(slug: str) -> None:
    assert matching.check_slug(slug) is None
    assert matching.check_pattern(slug, [slug]) is None
    assert matching.matches([slug], slug)
    glob = slug[0] + "*"
    assert matching.check_pattern(glob, []) is None
    assert matching.matches([glob], slug)
