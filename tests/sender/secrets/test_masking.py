"""A secret that was sent in clear is found in an answer and its words however they spell it."""

from __future__ import annotations

import base64
import html
import json
import string
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sender.core.signatures import mask
from sender.core.signatures.spellings import readings
from shared.exchange import Exchange, Request, Response
from shared.outcome import Outcome

SECRET = """p&ss <word>+/1 "it's" \\100%"""
TOKEN = {"scheme": "token"}


def exchange(body=b"", headers=(), detail="The endpoint answered 200 OK.", kind="succeeded", truncated=False):
    response = None if body is None else Response(200, tuple(headers), body, truncated)
    request = Request("POST", "http://example.com/", (("X-Webhook-Token", SECRET),), b"{}")
    return Exchange(request, response, Outcome(kind, detail), datetime(2026, 2, 12, tzinfo=UTC), 1)


def kept(text, secret=SECRET, scheme="token", *, truncated=False):
    """What is kept of a body."""
    return mask(
        exchange(text.encode("latin-1"), truncated=truncated), {"scheme": scheme}, [secret]
    ).response.body.decode("latin-1")


def in_json(text):
    return json.dumps(text)[1:-1]


def with_codes(text, spell, characters=None):
    """`text` with its characters (or some of them) spelt by their code."""
    return "".join(spell(ord(one)) if characters is None or one in characters else one for one in text)


def in_go(text):
    return with_codes(in_json(text), "\\u{:04x}".format, "&<>")


def in_html(text):
    return html.escape(text)


SPELLINGS = {
    "plain": str,
    "JSON": in_json,
    "PHP's JSON": lambda text: in_json(text).replace("/", "\\/"),
    "Go's JSON": in_go,
    ".NET's JSON": lambda text: with_codes(text, "\\u{:04X}".format, "\"&'+<>`\\"),
    "JSON in codes": lambda text: with_codes(text, "\\u{:04x}".format),
    "JSON in JSON": lambda text: in_json(in_go(text)),
    "JavaScript and Python": lambda text: with_codes(text, "\\x{:02x}".format, "\"&'<>\\"),
    "Python's repr": lambda text: repr(text)[1:-1],
    "HTML": in_html,
    "PHP's HTML": lambda text: in_html(text).replace("&#x27;", "&#039;"),
    "Go's HTML": lambda text: in_html(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    "HTML's names": lambda text: in_html(text).replace("&#x27;", "&apos;").replace("+", "&plus;").replace("/", "&sol;"),
    "HTML in decimal": lambda text: with_codes(text, "&#{};".format),
    "HTML in decimal with zeros": lambda text: with_codes(text, "&#{:05};".format),
    "HTML in hexadecimal": lambda text: with_codes(text, "&#x{:x};".format),
    "HTML in capital hexadecimal with zeros": lambda text: with_codes(text, "&#X{:04X};".format),
    "a URL": lambda text: quote(text, safe=""),
    "a URL in small letters": lambda text: with_codes(text, "%{:02x}".format, string.punctuation + " "),
    "a form": quote_plus,
    "a URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "JSON in HTML": lambda text: in_html(in_go(text)),
    "HTML in JSON": lambda text: in_json(in_html(text)),
    "JSON in a form": lambda text: quote_plus(in_json(text)),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_no_usual_spelling_of_a_secret_is_kept(spell):
    told = spell(SECRET)
    assert kept(f"before \xe9 {told} & {told}; after") == "before \xe9 [redacted] & [redacted]; after"
    answer = mask(exchange(headers=[("X-Echo", f"<{told}>"), ("X-Other", "a%20b")]), TOKEN, [SECRET]).response
    assert answer.headers == (("X-Echo", "<[redacted]>"), ("X-Other", "a%20b"))
    detail = f"The answer is not HTTP/1.1: it begins with 'X-Webhook-Token: {told}'."
    outcome = mask(exchange(None, detail=detail, kind="protocol"), TOKEN, [SECRET]).outcome
    expected = "The answer is not HTTP/1.1: it begins with 'X-Webhook-Token: [redacted]'."
    assert outcome == Outcome("protocol", expected)


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_neither_is_a_spelling_that_is_cut_off_wherever_the_cut_is(spell):
    told = spell(SECRET)
    enough = len(spell(SECRET[:9]))
    for size in range(enough, len(told)):
        assert kept("before " + told[:size], truncated=True) == "before [redacted]", told[:size]
    for size in range(len(told)):
        assert kept("before " + told[: min(size, 4)]) == "before " + told[: min(size, 4)]


def test_a_secret_that_the_words_about_an_answer_cut_off_is_not_kept_either():
    secret = "hunter2-" * 8
    detail = f"The answer is not HTTP/1.1: it begins with {f'X-Webhook-Token: {secret}'[:50]!r}."
    outcome = mask(exchange(None, detail=detail, kind="protocol"), TOKEN, [secret]).outcome
    assert outcome.detail == "The answer is not HTTP/1.1: it begins with 'X-Webhook-Token: [redacted]'."


def test_base64_of_basic_is_masked_as_dot_net_spells_it_and_so_is_the_password():
    secret = "hookloop:>>>~~~???hunter2"
    encoded = base64.b64encode(secret.encode()).decode()
    assert "+" in encoded
    spelt = with_codes(encoded, "\\u{:04X}".format, "+")
    assert kept(f'{{"Authorization":"Basic {spelt}"}}', secret, "basic") == '{"Authorization":"Basic [redacted]"}'
    assert kept("user hookloop, password >>>~~~???hunter2", secret, "basic") == "user hookloop, password [redacted]"
    assert kept("hookloop%3A%3E%3E%3E~~~%3F%3F%3Fhunter2", secret, "basic") == "[redacted]"


@pytest.mark.parametrize(
    "secret", ["\\" * 8, "\\" * 9 + "x" * 8, "%25%25%25%25", "&amp;&amp;", "+ + + + +", "3Bsecret%", "u0026abcd"]
)
@pytest.mark.parametrize("around", [("", ""), ("%", "41"), ("\\", "&"), ("&", "amp;"), ("\xe9", "\xe9")])
def test_a_secret_that_looks_like_an_escape_is_masked_and_what_only_looks_like_it_is_kept(secret, around):
    before, after = around
    assert secret not in kept(before + secret + after, secret)
    for text in ("a \\ b % c & d + e", "\\\\ %% && &amp; %25 \\\\\\", "\\u00e9 %C3%A9 &eacute; &unknown; &#233;"):
        assert kept(text, secret) == text


SPECIAL = st.text(st.sampled_from("\\&%+;#ux0123456789abcdefAMP\"'/<> ~lt"), min_size=8, max_size=40)
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=8, max_size=40)


def is_long_enough(secret):
    """Whether it has 8 characters also when it is read as escapes; fewer are not searched for, any text has them."""
    return len(readings(secret)[-1].text) >= 8


@example("000000\\<", SPELLINGS["JSON in HTML"])
@given((SPECIAL | PRINTABLE).map(str.strip).filter(is_long_enough), st.sampled_from([*SPELLINGS.values()]))
def test_any_secret_is_masked_in_any_spelling(secret, spell):
    assert set(kept(f"\xe9{spell(secret)}\xe9", secret).replace("[redacted]", "").strip("\\")) <= {"\xe9"}


@pytest.mark.parametrize("scheme", ["standard", "github", "none"])
def test_an_exchange_without_a_secret_in_clear_is_kept_as_it_is(scheme):
    whole = exchange(SECRET.encode(), [("X-Echo", SECRET)], f"It begins with {SECRET!r}.")
    whole = replace(whole, request=Request("POST", "http://example.com/", (("X-Team", SECRET),), b"{}"))
    assert mask(whole, {"scheme": scheme}, [SECRET]) is whole
