"""Header fields: what may be set, found and logged."""

from __future__ import annotations

import http.client
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import headers

PAIRS = [("Accept", "a"), ("X-One", "1"), ("accept", "b"), ("ACCEPT", "c")]


@pytest.mark.parametrize("name", ["X-Token", "x", "!#$%&'*+-.^_`|~09", "a" * 128])
def test_tokens_are_names(name: str) -> None:
    assert headers.check_name(name) is None


@pytest.mark.parametrize("name", ["", " x", "x y", "x:", "x\r\n", "x\n", "ä", "(x)", "x\0", "x\u212a", "a" * 129])
def test_other_text_is_no_name(name: str) -> None:
    assert headers.check_name(name)


@pytest.mark.parametrize("value", ["", "a", "a b\tc", "\xe4", 'q="x"', "~!"])
def test_ordinary_values_pass(value: str) -> None:
    assert headers.check_value("X", value) is None


@pytest.mark.parametrize("value", ["a\r\nb", "a\n", "\n", "a\rb", "a\0", "\x7f", "\x1b[1m", "€", " a", "a ", "\ta"])
def test_values_that_would_break_the_message_are_refused(value: str) -> None:
    assert headers.check_value("X", value)


@given(
    st.text(st.characters(max_codepoint=127)).filter(lambda name: headers.check_name(name) is None),
    st.text(st.characters(max_codepoint=255)).filter(lambda value: headers.check_value("X", value) is None),
)
@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_what_passes_is_sent_as_exactly_one_field(name: str, value: str) -> None:
    head = io.BytesIO(f"{name}: {value}\r\n\r\n".encode("latin-1"))
    assert list(http.client.parse_headers(head).raw_items()) == [(name, value)]


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "content-length", "Content-Type", "TRANSFER-ENCODING", "connection", "webhook-id", "Webhook-Any"),
        *("User-Agent", "Expect", "TE", "Trailer", "Upgrade", "Keep-Alive", "Accept-Encoding", "Proxy-Authorization"),
    ],
)
def test_reserved_headers_cannot_be_customised(name: str) -> None:
    assert "set by the delivery itself" in (headers.check_custom(name, "x") or "")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("a b", "x", "name"), ("X-A", "a\nb", "line break"), ("X-A", "x" * 4097, "4,096"), ("X-A", "x ", "blank")],
)
def test_bad_custom_headers_are_refused_in_words(name: str, value: str, said: str) -> None:
    assert said in (headers.check_custom(name, value) or "")


@pytest.mark.parametrize("name", ["Authorization", "X-Api-Key", "X-Webhook-Id", "Accept"])
def test_other_custom_headers_pass(name: str) -> None:
    assert headers.check_custom(name, "x") is None


def test_fields_are_found_in_any_case_and_in_order() -> None:
    assert headers.get(PAIRS, "aCCept") == "a"
    assert headers.get_all(PAIRS, "accept") == ["a", "b", "c"]
    assert headers.get(PAIRS, "x-two") is None
    assert headers.get_all(PAIRS, "x-two") == []
