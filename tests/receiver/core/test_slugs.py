from __future__ import annotations

import secrets

import pytest

from receiver.core import slugs


def test_a_random_slug_is_two_words_and_a_tail_and_passes_its_own_check():
    for _ in range(200):
        slug = slugs.make(secrets.choice)
        first, second, tail = slug.split("-")
        assert first.isalpha()
        assert second.isalpha()
        assert len(tail) == 6
        assert slugs.fault(slug) is None


def test_random_slugs_differ():
    assert len({slugs.make(secrets.choice) for _ in range(500)}) == 500


@pytest.mark.parametrize("slug", ["a", "7", "orders", "stripe-live_2", "a" * 64])
def test_a_fine_slug_has_no_fault(slug):
    assert slugs.fault(slug) is None


@pytest.mark.parametrize(
    ("slug", "says"),
    [
        ("", "at least one"),
        ("a" * 65, "at most 64"),
        ("Orders", "lower-case"),
        ("or ders", "lower-case"),
        ("-orders", "first and last"),
        ("orders_", "first and last"),
        ("or/ders", "lower-case"),
        ("..", "lower-case"),
        ("orders\n", "lower-case"),
        ("é", "lower-case"),
        ("bin_01kdvdna00r3q5d9wr01wgprys", "look like an id"),
    ],
)
def test_a_wrong_slug_is_explained(slug, says):
    assert says in (slugs.fault(slug) or "")
