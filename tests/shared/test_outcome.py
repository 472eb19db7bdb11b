"""What an outcome says to people."""

from __future__ import annotations

from typing import get_args

import pytest

from shared.outcome import TITLES, Outcome, OutcomeKind, describe, of_status, title, was_sent


@pytest.mark.parametrize(("status", "kind"), [(200, "succeeded"), (204, "succeeded"), (299, "succeeded")])
def test_only_2xx_succeeds(status: int, kind: OutcomeKind) -> None:
    assert of_status(status).kind == kind


@pytest.mark.parametrize("status", [101, 199, 300, 302, 304, 400, 404, 410, 429, 500, 503, 599, 999])
def test_every_other_status_does_not(status: int) -> None:
    outcome = of_status(status)
    assert outcome.kind == "http_status"
    assert str(status) in outcome.detail


def test_a_status_is_named() -> None:
    assert of_status(503).detail == "The endpoint answered 503 Service Unavailable."
    assert of_status(599).detail == "The endpoint answered 599."


def test_a_redirect_names_its_target_and_is_not_followed() -> None:
    detail = of_status(302, "https://elsewhere.example/" + "x" * 1000).detail
    assert "302 Found and points to https://elsewhere.example/" in detail
    assert "not followed" in detail
    assert len(detail) < 300
    assert "not followed" not in of_status(302).detail
    assert "not followed" not in of_status(500, "https://elsewhere.example/").detail


def test_every_kind_has_a_title_of_its_own() -> None:
    assert set(TITLES) == set(get_args(OutcomeKind))
    assert len(set(TITLES.values())) == len(TITLES)


def test_an_answer_is_described_with_its_body() -> None:
    empty = describe(of_status(200), status=200, body_size=0)
    assert empty == "Delivered. The endpoint answered 200 OK. Its body is empty."
    full = describe(of_status(500), status=500, body_size=1234)
    assert full == "Not delivered. The endpoint answered 500 Internal Server Error. Its body is 1,234 bytes long."


def test_without_a_whole_answer_nothing_is_said_of_its_body() -> None:
    cut = Outcome("timeout", "The endpoint answered 200 OK, but its body stopped.")
    assert describe(cut, status=200, body_size=3) == f"The endpoint did not answer in time. {cut.detail}"


def test_titles_tell_an_empty_answer_a_full_one_and_an_error_apart() -> None:
    assert title("succeeded", 200, 0) == "Delivered: 200, with an empty body"
    assert title("succeeded", 200, 7) == "Delivered: 200"
    assert title("http_status", 500, 0) == "Not delivered: the endpoint answered 500"
    assert title("timeout") == title("timeout", 200, 3) == TITLES["timeout"]


def test_without_a_connection_nothing_was_sent() -> None:
    assert {kind for kind in get_args(OutcomeKind) if not was_sent(kind)} == {
        "refused",
        "dns",
        "tls",
        "blocked",
        "internal",
    }
